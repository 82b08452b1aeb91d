import Autodiff
import Data
import Distributed
import Evaluation
import Kernels
import Models
import Perturbations
import Randomness
import Testing

/// Attacks on z = W x + b. With two classes the loss rises along w = w_1 - w_0 everywhere, so the strongest image of an
/// l2 ball is x + epsilon w / |w|, that of a linf ball x + epsilon sign(w), and an image of class 0 is broken where
/// w x + b >= -epsilon |w|, in the dual norm.
struct LinearModelTests {
    let shape = ImageShape(height: 3, width: 4, channels: 1)
    let weights: [[Double]]
    let biases: [Double]
    let classifier: Classifier
    /// Enough steps for the path along an l2 sphere, whose angle to the optimum shrinks by 1.1 a step.
    let attacks: [any Attack] = [
        FGSM(), PGD(steps: 100, relativeStepSize: 0.1),
        PGD(name: "pgd-margin", loss: .margin, steps: 100, relativeStepSize: 0.1, randomStart: false),
    ]

    init() {
        var stream = RandomStream(seed: 8, purpose: .test)
        weights = (0..<2).map { _ in (0..<12).map { _ in stream.normal() } }
        // The boundary goes through the middle of the box.
        biases = weights.map { -$0.reduce(0, +) / 2 }
        classifier = linearClassifier(shape, weights: weights, biases: biases)
    }

    private var difference: [Double] { zip(weights[1], weights[0]).map { $0 - $1 } }

    private func direction(_ norm: ThreatModel.Norm) -> [Double] {
        switch norm {
        case .l0: preconditionFailure("direction: l0 is no norm")
        case .l1:
            let largest = difference.reduce(0) { max($0, abs($1)) }
            return difference.map { abs($0) < largest ? 0 : $0 > 0 ? 1 : -1 }
        case .linf: return difference.map { $0 > 0 ? 1 : -1 }
        case .l2:
            let length = difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return difference.map { $0 / length }
        }
    }

    /// w x + b of the image's own class minus that of the other.
    private func margin(_ image: [Scalar], _ label: Int) -> Double {
        let score = zip(difference, image).reduce(biases[1] - biases[0]) { $0 + $1.0 * Double($1.1) }
        return label == 1 ? score : -score
    }

    @Test(arguments: ThreatModel.Norm.proper, 0..<3)
    func theOptimumIsFound(norm: ThreatModel.Norm, attack: Int) {
        var images = MadeUpImages.random(10, shape, classes: 2, in: 0.4...0.6)
        // The label that the model gives with the larger margin, and a radius that breaks nothing.
        for i in 0..<10 { images.labels[i] = margin(images.images[i], 0) > 0 ? 0 : 1 }
        let dual = zip(difference, direction(norm)).reduce(0) { $0 + $1.0 * $1.1 }
        let least = images.images.indices.map { margin(images.images[$0], images.labels[$0]) }.min() ?? 0
        let threat = ThreatModel(norm: norm, epsilon: 0.9 * least / dual)
        let batch = batch(images, Array(0..<10))
        let context = AttackContext(classifier: classifier, threat: threat, seed: 1)
        let found = attacks[attack].perturb(batch, context).array
        for i in 0..<10 {
            let sign = images.labels[i] == 0 ? 1.0 : -1
            for (j, component) in direction(norm).enumerated() {
                let best = Double(images.images[i][j]) + sign * threat.epsilon * component
                #expect(abs(Double(found[i * 12 + j]) - best) < 2e-3 * threat.epsilon + 1e-6, "image \(i)")
            }
        }
    }

    @Test(arguments: ThreatModel.Norm.proper)
    func exactlyThoseWithinReachAreBroken(norm: ThreatModel.Norm) throws {
        var images = MadeUpImages.random(60, shape, classes: 2, in: 0.3...0.7)
        let dual = zip(difference, direction(norm)).reduce(0) { $0 + $1.0 * $1.1 }
        for i in 0..<60 { images.labels[i] = margin(images.images[i], 0) > 0 ? 0 : 1 }
        images.labels[7] = 1 - images.labels[7]
        let margins = images.images.indices.map { margin(images.images[$0], images.labels[$0]) }
        let median = margins.sorted()[30]
        let threat = ThreatModel(norm: norm, epsilon: median / dual * 1.0001)
        let evaluation = RobustnessEvaluation(threat: threat, attacks: attacks, seed: 1)
        let result = try evaluation.run(classifier, on: images, over: SingleProcess())
        let expected = margins.map { $0 > threat.epsilon * dual }
        #expect(result.correct == margins.map { $0 > 0 })
        #expect(result.correct[7] == false)
        // The box is out of reach, so one step is all it takes.
        #expect(result.attacks[0].survived == expected)
        #expect(result.attacks[1].survived == expected && result.attacks[2].survived == expected)
        #expect(result.survived == expected && result.robustAccuracy == share(expected))
        #expect(expected.contains(true) && expected.count { !$0 } > 25)
    }

    private func share(_ flags: [Bool]) -> Double { Double(flags.count { $0 }) / Double(flags.count) }

    @Test(arguments: ThreatModel.Norm.proper)
    func fgsmIsOneStepOfPGD(norm: ThreatModel.Norm) {
        let classifier = smallNetwork()
        let images = digits(12, labelledBy: classifier)
        let context = AttackContext(
            classifier: classifier, threat: ThreatModel(norm: norm, epsilon: 0.2), seed: 1)
        let one = PGD(steps: 1, relativeStepSize: 1, randomStart: false)
        let batch = batch(images, Array(0..<12))
        #expect(FGSM().perturb(batch, context).array == one.perturb(batch, context).array)
        #expect(FGSM().perturb(batch, context).array != batch.images.array)
    }

    /// The shortest move under l1 takes the values of the largest weights to the end of the box, one after the other. Most
    /// values of these images are at an edge, and every other one of them at that where its weight pulls.
    @Test func sparseStepsGoOnWhereTheBoxEnds() {
        var images = MadeUpImages.random(60, shape, classes: 2, in: 0...1)
        for i in 0..<60 {
            for j in 0..<12 where (i + j) % 4 > 0 { images.images[i][j] = images.images[i][j].rounded() }
            images.labels[i] = margin(images.images[i], 0) > 0 ? 0 : 1
        }
        let distances = images.images.enumerated().map { i, image -> Double in
            let sign = images.labels[i] == 0 ? 1.0 : -1
            var missing = margin(image, images.labels[i]), length = 0.0
            for j in (0..<12).sorted(by: { abs(difference[$0]) > abs(difference[$1]) }) where missing > 0 {
                let room = sign * difference[j] > 0 ? 1 - Double(image[j]) : Double(image[j])
                let way = min(room, missing / abs(difference[j]))
                missing -= way * abs(difference[j])
                length += way
            }
            return length
        }
        let epsilon = distances.sorted()[40], batch = batch(images, Array(0..<60))
        let context = AttackContext(classifier: classifier, threat: ThreatModel(norm: .l1, epsilon: epsilon), seed: 1)
        // With steps of a fixed length, values at the end of their way go to and fro by one.
        let attack = PGD(steps: 400, relativeStepSize: 0.02)
        let broken = classifier.misclassifies(attack.perturb(batch, context), images.labels)
        for i in 0..<60 {
            if distances[i] < 0.95 * epsilon { #expect(broken[i], "image \(i): \(distances[i]) of \(epsilon)") }
            if distances[i] > 1.0001 * epsilon { #expect(!broken[i], "image \(i)") }
        }
        #expect(broken.count { $0 } > 25 && broken.contains(false))
    }

    /// A radius far beyond the box is as good as all of it.
    @Test(arguments: ThreatModel.Norm.proper, ["pgd", "apgd-ce", "apgd-margin", "fab-t", "fmn", "square", "cw"])
    func anyRadiusIsUsed(norm: ThreatModel.Norm, name: String) throws {
        var images = MadeUpImages.random(8, shape, classes: 2, in: 0.3...0.7)
        for i in 0..<8 { images.labels[i] = margin(images.images[i], 0) > 0 ? 0 : 1 }
        let attack = try AttackRegistry.attack(name), batch = batch(images, Array(0..<8))
        guard attack.norms.contains(norm) else { return }
        for epsilon in [1e9, 1e30] {
            let threat = ThreatModel(norm: norm, epsilon: epsilon)
            let found = attack.perturb(batch, AttackContext(classifier: classifier, threat: threat, seed: 1))
            #expect(classifier.misclassifies(found, images.labels).allSatisfy { $0 }, "\(name), \(norm), \(epsilon)")
        }
    }

    @Test func theBoxIsKeptAtItsEdge() throws {
        // The class of the black image; the attack goes to the other.
        let label = biases[1] > biases[0] ? 1 : 0
        let images = MadeUpImages(shape, classes: 2, images: [Array(repeating: 0, count: 12)], labels: [label])
        let context = AttackContext(
            classifier: classifier, threat: ThreatModel(norm: .linf, epsilon: 0.01), seed: 1)
        let found = PGD().perturb(batch(images, [0]), context).array
        for (value, component) in zip(found, direction(.linf)) {
            #expect(abs(value - ((component > 0) == (label == 0) ? 0.01 : 0)) < 1e-6)
        }
    }

    @Test func gradientsOfSeveralFunctionsComeTogether() {
        let images = MadeUpImages.random(3, shape, classes: 2, in: 0...1)
        let pass = classifier.inputGradient(of: batch(images, [0, 1, 2]).images) { logits in
            Tensor([2, 1, 2], [1, 0, 0, 1], in: logits.pool).broadcast(to: [2, 3, 2])
        }
        #expect(pass.gradient.shape == [2, 3, 3, 4, 1])
        for (place, value) in pass.gradient.array.enumerated() {
            #expect(value == Scalar(weights[place / 36][place % 12]))
        }
    }
}
