import Autodiff
import Glibc
import Kernels
import Models

/// Whether there are gradients to follow.
extension SanityChecks {
    func gradientChecks(_ subjects: CheckSubjects) throws -> [RobustnessResult.Check] {
        func share(below bound: Double, scaled: Bool) throws -> Double {
            try subjects.shareOfCorrect("gradients") { batch in
                gradientNorms(subjects.runner.classifier, batch, scaled: scaled).map { $0 < bound }
            }
        }
        let zero = try share(below: 1e-12, scaled: false), tiny = try share(below: 1e-8, scaled: true)
        return [
            .init(name: "zero-gradients", ok: zero <= 0.01, value: zero),
            .init(name: "tiny-gradients", ok: tiny <= 0.1, value: tiny),
        ]
    }

    /// Whether APGD finds its way from where it starts.
    func startCheck(_ subjects: CheckSubjects) throws -> RobustnessResult.Check {
        let runner = subjects.runner, classifier = runner.classifier
        // The same start and loss as apgd-dlr has.
        let attack = APGD(name: "apgd-dlr", loss: classifier.classes >= 3 ? .logitRatio : .margin)
        let context = AttackContext(classifier: classifier, threat: runner.threat, seed: runner.seed)
        let zero = try subjects.shareOfCorrect("start of apgd") { batch in
            let pass = classifier.inputGradient(of: attack.start(batch, run: 0, context)) {
                attack.loss.evaluate($0, ofRows: Array(0..<batch.count), in: batch, targets: nil).direction
            }
            // Pointers alone do not keep memory from being used again.
            defer { withExtendedLifetime(pass) {} }
            return (0..<batch.count).map { row in
                let gradient = pass.gradient.pointer + row * batch.imageCount
                // In this form a NaN counts as zero.
                return !(0..<batch.imageCount).contains { abs(gradient[$0]) > 0 }
            }
        }
        return .init(name: "apgd-start", ok: zero == 0, value: zero)
    }

    /// Norms of the input gradient of -log p_y, `scaled`, or of its direction in `AttackLoss`, which lacks the factor
    /// 1 - p_y. A gradient that is not finite counts as zero.
    private func gradientNorms(_ classifier: Classifier, _ batch: AttackBatch, scaled: Bool) -> [Double] {
        let classes = classifier.classes
        var factors = [Double](repeating: 1, count: batch.count)
        let pass = classifier.inputGradient(of: batch.images) { logits in
            Tensor(logits.shape, in: logits.pool) { out in
                for row in 0..<batch.count {
                    let z = (0..<classes).map { Double(logits.pointer[row * classes + $0]) }
                    let loss = AttackLoss.crossEntropy.evaluate(z, label: batch.labels[row])
                    for (index, value) in loss.direction.enumerated() { out[row * classes + index] = Scalar(value) }
                    if scaled { factors[row] = -expm1(-loss.value) }
                }
            }
        }
        defer { withExtendedLifetime(pass) {} }
        return factors.enumerated().map { row, factor in
            var squared = 0.0
            for i in 0..<batch.imageCount {
                let value = Double(pass.gradient.pointer[row * batch.imageCount + i])
                squared += value * value
            }
            return squared.isFinite && factor.isFinite ? squared.squareRoot() * factor : 0
        }
    }
}
