import Autodiff
import Configuration
import Data
import Distributed
import Evaluation
import Formats
import Kernels
import Layers
import Models
import Perturbations
import Synchronization
import Testing

struct SanityChecksTests {
    private let shape = ImageShape(height: 2, width: 2, channels: 1)

    /// Two classes told apart by the first pixel, with logits of a given scale.
    private func checks(scale: Double, attacks: [any Attack] = []) throws -> [String: RobustnessResult.Check] {
        let classifier = linearClassifier(
            shape, weights: [[-scale, 0, 0, 0], [scale, 0, 0, 0]], biases: [scale / 2, -scale / 2])
        var images = MadeUpImages.random(30, shape, classes: 2, in: 0...1)
        for i in 0..<30 {
            images.labels[i] = i % 2
            images.images[i][0] = i % 2 == 0 ? 0.1 : 0.9
        }
        let result = try RobustnessEvaluation(threat: ThreatModel(norm: .linf, epsilon: 0.1), attacks: attacks, seed: 1)
            .run(classifier, on: images, over: SingleProcess())
        #expect(result.cleanAccuracy == 1)
        return Dictionary(uniqueKeysWithValues: result.checks.map { ($0.name, $0) })
    }

    @Test func aPlainModelPassesAll() throws {
        let checks = try checks(scale: 3)
        #expect(checks.count == 11 && checks.values.allSatisfy(\.ok))
    }

    @Test func aSaturatedModelIsNoticed() throws {
        // p_y falls short of 1 by exp(-2 * 60 * 0.4), about 1e-21, and so does the gradient of its logarithm.
        let checks = try checks(scale: 60)
        #expect(checks["tiny-gradients"]?.ok == false && checks["tiny-gradients"]?.value == 1)
        #expect(checks["zero-gradients"]?.ok == true)
    }

    @Test func aModelWithoutGradientsIsNoticed() throws {
        let classifier = linearClassifier(
            shape, weights: [[0, 0, 0, 0], [0, 0, 0, 0]], biases: [1, 0])
        var images = MadeUpImages.random(10, shape, classes: 2, in: 0...1)
        images.labels = Array(repeating: 0, count: 10)
        let result = try RobustnessEvaluation(threat: ThreatModel(norm: .l2, epsilon: 0.1), attacks: [], seed: 1)
            .run(classifier, on: images, over: SingleProcess())
        let failed = Set(result.checks.filter { !$0.ok }.map(\.name))
        // Its logits 1 and 0 also pass for probabilities.
        #expect(
            failed == ["large-epsilon", "zero-gradients", "tiny-gradients", "apgd-start", "no-softmax", "not-constant"])
    }

    private func run(
        _ images: MadeUpImages, weights: [[Double]], _ attacks: [any Attack] = [PGD()]
    ) throws -> RobustnessResult {
        let classifier = linearClassifier(shape, weights: weights, biases: [0, 0.01])
        return try RobustnessEvaluation(threat: ThreatModel(norm: .linf, epsilon: 0.5), attacks: attacks, seed: 1)
            .run(classifier, on: images, over: SingleProcess())
    }

    private let largest = Double(Scalar.greatestFiniteMagnitude)

    /// Neither right nor wrong: of an image with infinite logits nothing is known, and it counts as misclassified.
    @Test func logitsThatAreNotFiniteAreNamed() throws {
        var images = MadeUpImages.random(10, shape, classes: 2, in: 0.6...1)
        images.labels = (0..<10).map { $0 % 2 }
        let infinite = try run(images, weights: [[0, 0, 0, 0], [0.9 * largest, 0.9 * largest, 0, 0]])
        #expect(infinite.cleanAccuracy == 0 && infinite.robustAccuracy == 0)
        let check = try #require(infinite.checks.first { $0.name == "finite" })
        #expect(!check.ok && check.value == 1)
        #expect(infinite.notes == ["10 of 10 images have logits that are not finite, and count as misclassified"])
    }

    /// Right and finite on every image, and without a prediction beside every image.
    @Test func logitsThatAttacksMakeInfiniteAreNamed() throws {
        var images = MadeUpImages.random(10, shape, classes: 2, in: 0.5...0.6)
        images.labels = Array(repeating: 1, count: 10)
        for i in 0..<10 { (images.images[i][0], images.images[i][1]) = (0.55, 0.55) }
        // 0.97 and 0.98 of the largest number, and a little further beyond it.
        let (low, high) = (0.88 * largest, 0.895 * largest)
        let result = try run(images, weights: [[low, low, 0, 0], [high, high, 0, 0]])
        let undefined = result.attacks[0].undefined.count { $0 }
        #expect(undefined > 0 && result.cleanAccuracy == 1)
        #expect(abs(result.robustAccuracy - (1 - Double(undefined) / 10)) < 1e-9)
        #expect(result.checks.first { $0.name == "finite" }?.value == Double(undefined) / 10)
        #expect(
            result.notes.last == "pgd: \(undefined) of 10 images end in logits that are not finite, and count as broken"
        )
    }

    /// Changes the first images of a data set and no others.
    private struct FirstImages: Attack {
        let name: String
        let images: Int
        /// What the first values of an image become, by its label.
        let values: @Sendable (_ label: Int) -> [Scalar]
        let settings: [JSONValue.Member] = []
        let norms = ThreatModel.Norm.allCases
        let source = AttackSource.gradients
        func validate(_ problem: AttackProblem) throws {}
        func passes(_ problem: AttackProblem) -> Int { 1 }
        func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
            var all = batch.images.array
            for (row, sample) in batch.indices.enumerated() where sample < images {
                for (i, value) in values(batch.labels[row]).enumerated() { all[row * batch.imageCount + i] = value }
            }
            return Tensor(batch.images.shape, all, in: batch.images.pool)
        }
    }

    /// To where logits are infinite.
    private static func overflow(_ name: String, images: Int) -> FirstImages {
        FirstImages(name: name, images: images) { _ in [1, 1] }
    }
    /// To the other side of the boundary.
    private static func breaking(_ name: String, images: Int) -> FirstImages {
        FirstImages(name: name, images: images) { $0 == 0 ? [0.55] : [0.45] }
    }

    private struct Both: AttackCascade {
        let name = "both"
        let settings: [JSONValue.Member] = []
        let norms = ThreatModel.Norm.allCases
        func parts(_ problem: AttackProblem) -> (attacks: [any Attack], notes: [String]) {
            ([SanityChecksTests.overflow("early", images: 4), SanityChecksTests.overflow("late", images: 9)], [])
        }
    }

    /// The second part of a cascade has not seen what the first one broke, though the same attack was run by itself.
    @Test func eachAttackIsChargedWithWhatItSaw() throws {
        var images = MadeUpImages.random(10, shape, classes: 2, in: 0.5...0.6)
        images.labels = Array(repeating: 1, count: 10)
        let (low, high) = (0.7 * largest, 0.8 * largest)
        let result = try run(
            images, weights: [[low, low, 0, 0], [high, high, 0, 0]],
            [SanityChecksTests.overflow("late", images: 9), Both()])
        #expect(result.attacks.map(\.name) == ["late", "early", "late", "both"])
        #expect(result.attacks.map { $0.undefined.count { $0 } } == [9, 4, 5, 9])
        #expect(result.attacks[2].seconds == 0 && result.attacks[0].seconds > 0)
        let notes = zip(["late", "early", "late", "both"], [9, 4, 5, 9]).map {
            "\($0): \($1) of 10 images end in logits that are not finite, and count as broken"
        }
        #expect(result.notes.filter { $0.hasSuffix("count as broken") } == notes)
        #expect(result.checks.first { $0.name == "finite" }?.value == 0.9)
    }

    /// Without a box: two groups of points, a hundred apart, with the boundary in the middle.
    @Test func aLargeBudgetReachesOtherPointsOfThePlane() throws {
        let classifier = linearClassifier(
            shape, weights: [[-0.1, 0, 0, 0], [0.1, 0, 0, 0]], biases: [0, 0])
        var images = MadeUpImages.random(10, shape, classes: 2, in: 0...1)
        for i in 0..<10 {
            images.labels[i] = i % 2
            images.images[i][0] = i % 2 == 0 ? -50 : 50
        }
        let threat = ThreatModel(norm: .l2, epsilon: 0.5, box: ThreatModel.unbounded)
        let result = try RobustnessEvaluation(threat: threat, attacks: [], seed: 1)
            .run(classifier, on: images, over: SingleProcess())
        #expect(result.checks.first { $0.name == "large-epsilon" }?.value == 0)
    }

    @Test func imagesThatSayNothingAreNamed() throws {
        var images = MadeUpImages.random(6, shape, classes: 2, in: 0...0)
        images.labels = Array(repeating: 1, count: 6)
        let zero = try run(images, weights: [[1, 0, 0, 0], [0, 1, 0, 0]])
        #expect(
            zero.notes == [
                "made-up test: all 6 images are zero: accuracies say little",
                "made-up test: all 6 images are of class 1 (1): accuracies say little",
            ])
        // Nothing is known of a network that has seen one image only.
        #expect(!zero.checks.contains { $0.name == "not-constant" })
    }

    /// A classifier that decides by the first pixel, and images that lie on the right side, but near.
    private func closeToTheBoundary(_ count: Int = 20) -> (classifier: Classifier, images: MadeUpImages) {
        let classifier = linearClassifier(
            shape, weights: [[-3, 0, 0, 0], [3, 0, 0, 0]], biases: [1.5, -1.5])
        var images = MadeUpImages.random(count, shape, classes: 2, in: 0...1)
        for i in 0..<count {
            images.labels[i] = i % 2
            images.images[i][0] = i % 2 == 0 ? 0.48 : 0.52
        }
        return (classifier, images)
    }

    /// An iterative attack that does nothing stands for one that masked gradients mislead.
    private struct Idle: Attack {
        let name = "pgd"
        let settings: [JSONValue.Member] = []
        let norms = ThreatModel.Norm.allCases
        let source = AttackSource.gradients
        func validate(_ problem: AttackProblem) throws {}
        func passes(_ problem: AttackProblem) -> Int { 1 }
        func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor { batch.images }
    }

    @Test func aWeakIterativeAttackIsNoticed() throws {
        let (classifier, images) = closeToTheBoundary()
        let result = try RobustnessEvaluation(
            threat: ThreatModel(norm: .linf, epsilon: 0.1), attacks: [Idle()], seed: 1
        ).run(classifier, on: images, over: SingleProcess())
        let failed = Set(result.checks.filter { !$0.ok }.map(\.name))
        #expect(failed == ["pgd-beats-fgsm", "pgd-beats-noise", "converged"])
    }

    /// 82 and 84 of 100 images are as far apart as the tolerance, and in floating point a little farther.
    @Test func aDifferenceOfTheToleranceIsNone() throws {
        let (classifier, images) = closeToTheBoundary(100)
        for (broken, ok) in [(18, true), (19, false)] {
            let result = try RobustnessEvaluation(
                threat: ThreatModel(norm: .linf, epsilon: 0.1),
                attacks: [Self.breaking("fgsm", images: broken), Self.breaking("pgd", images: 16)], seed: 1
            ).run(classifier, on: images, over: SingleProcess())
            #expect(result.checks.first { $0.name == "pgd-beats-fgsm" }?.ok == ok)
        }
    }

    @Test func probabilitiesInPlaceOfLogitsAreNoticed() throws {
        func check(_ biases: [Double]) throws -> RobustnessResult.Check? {
            let classifier = linearClassifier(shape, weights: [[0, 0, 0, 0], [0, 0, 0, 0]], biases: biases)
            var images = MadeUpImages.random(10, shape, classes: 2, in: 0...1)
            images.labels = Array(repeating: 0, count: 10)
            let result = try RobustnessEvaluation(
                threat: ThreatModel(norm: .l2, epsilon: 0.1), attacks: [], seed: 1
            ).run(classifier, on: images, over: SingleProcess())
            #expect(result.checks.contains { $0.name == "same-logits" && $0.ok })
            return result.checks.first { $0.name == "no-softmax" }
        }
        #expect(try check([0.7, 0.3])?.ok == false)
        #expect(try check([0.7, 0.4])?.ok == true && check([1.2, -0.2])?.ok == true)
    }

    /// The first pixel decides, and every pass adds another number to the first logit.
    private struct Restless: Architecture {
        var drift: Scalar = 0
        var predictsNoise: Bool { false }
        func problem(with input: Shape, classes: Int) -> String? { nil }
        mutating func visit(_ fields: inout FieldVisitor) throws {}
        func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
            RestlessLayer(linear: Linear(input.count, classes, in: &builder), drift: drift)
        }
    }

    private struct RestlessLayer: Layer {
        let linear: Linear
        let drift: Scalar
        private let passes = Passes()

        init(linear: Linear, drift: Scalar) {
            self.linear = linear
            self.drift = drift
        }

        func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
            let logits = linear(x.reshaped([x.shape[0], x.shape.dropFirst().count]), &context)
            let shift = drift * Scalar(passes.next() % 2)
            return logits + Tensor([2], [shift, 0], in: x.pool)
        }
    }

    private final class Passes: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock {
                $0 += 1
                return $0
            }
        }
    }

    @Test func aModelThatSaysSomethingElseEachTimeIsNoticed() throws {
        func check(drift: Scalar) throws -> RobustnessResult.Check? {
            let model = Model(
                Restless(drift: drift), normalisation: InputNormalisation(mean: [0], deviation: [1]),
                input: [2, 2, 1], classes: 2)
            let state = ModelState(model, in: MemoryPool())
            let numbers: [Scalar] = [-3, 0, 0, 0, 3, 0, 0, 0, 1.5, -1.5]
            state.parameters.pointer.update(from: numbers, count: numbers.count)
            let images = MadeUpImages(
                shape, classes: 2, images: [[0.1, 0, 0, 0], [0.9, 0, 0, 0]], labels: [0, 1])
            return try RobustnessEvaluation(threat: ThreatModel(norm: .linf, epsilon: 0.1), attacks: [], seed: 1)
                .run(Classifier(state), on: images, over: SingleProcess()).checks.first { $0.name == "same-logits" }
        }
        let restless = try check(drift: 0.01), still = try check(drift: 0)
        #expect(restless?.ok == false && restless?.value == 1)
        #expect(still?.ok == true && still?.value == 0)
    }

    /// The twin decides by the first pixel and the model, whose logits are far apart, by the same at another place.
    @Test func aTwinThatBreaksWhatGradientsLeaveIsNoticed() throws {
        func failed(_ attacks: [any Attack], twin weights: [[Double]], _ biases: [Double]) throws -> Set<String> {
            let (classifier, images) = closeToTheBoundary()
            let twin = linearClassifier(shape, weights: weights, biases: biases)
            let result = try RobustnessEvaluation(
                threat: ThreatModel(norm: .linf, epsilon: 0.1), attacks: attacks, seed: 1
            ).run(classifier, on: images, over: SingleProcess(), surrogate: twin)
            #expect(result.checks.contains { $0.name == "twin-falls" })
            return Set(result.checks.filter { !$0.ok }.map(\.name))
        }
        let same = [[-3.0, 0, 0, 0], [3, 0, 0, 0]]
        #expect(try failed([], twin: same, [1.5, -1.5]).isEmpty)
        #expect(try failed([Idle()], twin: same, [1.5, -1.5]).contains("pgd-beats-transfer"))
        // A twin that no attack brings off class 0 of half the images.
        #expect(try failed([], twin: [[0, 0, 0, 0], [0, 0, 0, 0]], [1, 0]) == ["twin-falls"])
    }

    /// Stands for a random search that finds what gradients do not.
    private struct Lucky: Attack {
        let name = "square"
        let settings: [JSONValue.Member] = []
        let norms = ThreatModel.Norm.allCases
        let source = AttackSource.outputs
        func validate(_ problem: AttackProblem) throws {}
        func passes(_ problem: AttackProblem) -> Int { 1 }
        func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor { FGSM().perturb(batch, context) }
    }

    @Test func aRandomSearchThatBeatsGradientsIsNoticed() throws {
        let classifier = linearClassifier(
            shape, weights: [[-3, 0, 0, 0], [3, 0, 0, 0]], biases: [1.5, -1.5])
        let images = MadeUpImages(
            shape, classes: 2, images: [[0.48, 0, 0, 0], [0.9, 0, 0, 0], [0.1, 0, 0, 0], [0.2, 0, 0, 0]],
            labels: [0, 1, 0, 0])
        func gain(_ attacks: [any Attack]) throws -> RobustnessResult.Check? {
            try RobustnessEvaluation(threat: ThreatModel(norm: .linf, epsilon: 0.1), attacks: attacks, seed: 1)
                .run(classifier, on: images, over: SingleProcess()).checks.first { $0.name == "square-gain" }
        }
        let lucky = try gain([Idle(), Lucky()]), plain = try gain([FGSM(), Lucky()])
        #expect(lucky?.ok == false && lucky?.value == 0.25)
        #expect(plain?.ok == true && plain?.value == 0)
        #expect(try gain([Lucky()]) == nil && gain([FGSM()]) == nil)
    }
}
