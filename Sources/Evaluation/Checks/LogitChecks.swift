import Autodiff
import Kernels

/// Whether what the model says of images is what logits should be.
extension SanityChecks {
    /// Of all samples, not of the first ones alone.
    func finiteCheck(undefined: [Bool], _ attacks: [RobustnessResult.AttackOutcome]) -> RobustnessResult.Check {
        let ever = attacks.reduce(undefined) { all, attack in zip(all, attack.undefined).map { $0 || $1 } }
        let share = shareOfTrue(ever)
        return .init(name: "finite", ok: share == 0, value: share)
    }

    /// A network that says the same of every image is broken, whatever its accuracies. Of images that are all the same
    /// nothing can be said.
    func constantCheck(_ subjects: CheckSubjects) throws -> [RobustnessResult.Check] {
        let runner = subjects.runner
        guard subjects.count > 1, !runner.samples.dataset.isConstant(first: subjects.count) else { return [] }
        let first = runner.logits(of: 0)
        let equal = try runner.samples.flags(stage: "check, constant", among: subjects.all) { batch in
            rows(runner.classifier.logits(batch.images)).map { $0.elementsEqual(first) }
        }
        let share = subjects.share(equal)
        return [.init(name: "not-constant", ok: share < 1, value: share)]
    }

    func logitChecks(_ subjects: CheckSubjects) throws -> [RobustnessResult.Check] {
        let classifier = subjects.runner.classifier
        let differing = try subjects.shareOfCorrect("two passes") { batch in
            let first = classifier.drawing(0).logits(batch.images), second = classifier.drawing(1).logits(batch.images)
            return zip(rows(first), rows(second)).map { a, b in
                let squared = zip(unit(a), unit(b)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                // In this form a NaN differs.
                return !(squared.squareRoot() < 1e-4)
            }
        }
        let softmax = try subjects.shareOfCorrect("softmax") { batch in
            rows(classifier.logits(batch.images)).map { row in
                let z = row.map { Double($0) }
                return z.allSatisfy { $0 >= 0 && $0 <= 1 } && abs(z.reduce(0, +) - 1) <= 1e-5
            }
        }
        return [
            .init(name: "same-logits", ok: differing == 0, value: differing),
            .init(name: "no-softmax", ok: softmax < 1, value: softmax),
        ]
    }

    /// The logits of each image.
    private func rows(_ logits: Tensor) -> [ArraySlice<Scalar>] {
        let numbers = logits.array, classes = logits.shape[-1]
        return stride(from: 0, to: numbers.count, by: classes).map { numbers[$0..<$0 + classes] }
    }

    private func unit(_ logits: ArraySlice<Scalar>) -> [Double] {
        let z = logits.map { Double($0) }
        let norm = z.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return norm == 0 ? z : z.map { $0 / norm }
    }
}
