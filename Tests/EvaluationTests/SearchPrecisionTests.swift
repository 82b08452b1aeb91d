import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Kernels
import Perturbations
import Randomness
import TestSupport
import Testing

/// Attacks that search on a network whose products are rounded, and are judged by the network itself.
struct SearchPrecisionTests {
    private static func evaluation(batch: Int = 32) -> RobustnessEvaluation {
        var evaluation = RobustnessEvaluation(
            threat: ThreatModel(norm: .l2, epsilon: 0.25),
            attacks: [PGD(steps: 4, restarts: 2), APGD(name: "apgd-ce", loss: .crossEntropy, steps: 10)], seed: 11)
        evaluation.batch = batch
        evaluation.checks?.samples = 20
        return evaluation
    }

    private static func result(
        _ products: ProductPrecision?, batch: Int = 32, over communicator: any Communicator = SingleProcess()
    ) throws -> RobustnessResult {
        let classifier = smallNetwork()
        return try evaluation(batch: batch).run(
            classifier, on: digits(53, labelledBy: classifier), over: communicator,
            searching: products.map { smallNetwork(products: $0) })
    }

    @Test func roundedProductsGiveNearlyTheSameLogits() {
        let exact = smallNetwork(), rounded = smallNetwork(products: .bfloat16)
        let images = batch(digits(40, labelledBy: exact), Array(0..<40)).images
        let a = exact.logits(images).array, b = rounded.logits(images).array
        #expect(a != b)
        let error = zip(a, b).reduce(0) { max($0, abs(Double($1.0 - $1.1))) }
        let largest = a.reduce(0) { max($0, abs(Double($1))) }
        #expect(error < 0.03 * largest)
        #expect(rounded.products == .bfloat16 && exact.products == .float32)
    }

    @Test func theNetworkItselfIsTheJudge() throws {
        let result = try Self.result(.bfloat16), classifier = smallNetwork()
        let images = digits(53, labelledBy: classifier)
        let found = Tensor([53, 8, 8, 1], result.adversarialImages, in: MemoryPool())
        #expect(classifier.misclassifies(found, images.labels) == result.survived.map { !$0 })
        #expect(result.correct == (try Self.result(nil)).correct)
        #expect(result.survived.contains(true) && result.robustAccuracy < result.cleanAccuracy)
        #expect(result.adversarialImages != (try Self.result(nil)).adversarialImages)
    }

    /// A plane, whose distance is known, and images that attacks leave just beyond it: nearer than rounding moves the plane.
    @Test func roundingTheBoundaryHidesNothing() throws {
        let shape = ImageShape(height: 3, width: 4, channels: 1)
        var stream = RandomStream(seed: 8, purpose: .test)
        let weights: [[Double]] = (0..<2).map { _ in (0..<12).map { _ in stream.normal() } }
        let biases: [Double] = weights.map { -$0.reduce(0, +) / 2 }
        let difference: [Double] = zip(weights[1], weights[0]).map { $0 - $1 }
        let length = ThreatModel.Norm.l2.length(of: difference)
        var images = MadeUpImages.random(60, shape, classes: 2, in: 0.3...0.7)
        let scores: [Double] = images.images.map { image in
            (0..<12).reduce(biases[1] - biases[0]) { sum, i in sum + difference[i] * Double(image[i]) }
        }
        for i in 0..<60 { images.labels[i] = scores[i] > 0 ? 1 : 0 }
        let distances: [Double] = scores.map { abs($0) / length }, epsilon = distances.sorted()[40]
        let attacks: [any Attack] = [
            FMN(), DDN(), FAB(), HopSkipJump(), PGD(steps: 120, relativeStepSize: 0.015),
            APGD(name: "apgd-ce", loss: .crossEntropy), CarliniWagner(),
        ]
        var evaluation = RobustnessEvaluation(
            threat: ThreatModel(norm: .l2, epsilon: epsilon), attacks: attacks, seed: 1)
        evaluation.checks = nil
        let result = try evaluation.run(
            linearClassifier(shape, weights: weights, biases: biases), on: images, over: SingleProcess(),
            searching: linearClassifier(shape, weights: weights, biases: biases, products: .bfloat16))
        try #require(result.correct.allSatisfy { $0 })
        for attack in result.attacks {
            for (i, distance) in distances.enumerated() where distance < 0.9 * epsilon - 0.01 || distance > epsilon {
                #expect(attack.survived[i] == (distance > epsilon), "\(attack.name), image \(i)")
            }
        }
        // Grey levels are a 255th apart, in twelve directions.
        for (attack, slack) in [(result.attacks[0], 0.03), (result.attacks[1], 0.1)] {
            for (found, distance) in zip(try #require(attack.distances), distances) {
                #expect(found > distance * 0.9999 && found < distance * (1 + slack) + 0.01, "\(attack.name)")
            }
        }
        #expect(
            result.notes == [
                "fmn, ddn, fab-t, hopskipjump: searched in float32, not in bfloat16, as images on the boundary are found there"
            ])
    }

    @Test func theResultSaysHowItWasSearched() throws {
        let rounded = try Self.result(.bfloat16), exact = try Self.result(.float32)
        #expect(rounded.json(model: "m")["search"]?.stringValue == "bfloat16")
        #expect(exact.json(model: "m")["search"]?.stringValue == "float32")
        let check = try #require(rounded.checks.first { $0.name == "search-precision" })
        #expect(check.ok && abs(check.value) <= 0.1)
        #expect(!exact.checks.contains { $0.name == "search-precision" })
        #expect(exact.adversarialImages == (try Self.result(nil)).adversarialImages)
    }

    @Test func batchesAndRanksDoNotMatter() throws {
        BLAS.setThreads(1)
        let reference = try Self.result(.bfloat16)
        for (batch, ranks) in [(1, 1), (7, 3), (128, 2)] {
            let results = try ThreadCommunicator.run(ranks: ranks) {
                try Self.result(.bfloat16, batch: batch, over: $0)
            }
            #expect(results[0].adversarialImages == reference.adversarialImages)
            for result in results {
                #expect(result.survived == reference.survived && result.checks == reference.checks)
            }
        }
    }

    /// What was begun with one search is not gone on with by another.
    @Test func aJournalBelongsToItsSearch() throws {
        let classifier = smallNetwork()
        func run(_ products: ProductPrecision, _ folder: TemporaryDirectory) throws {
            var evaluation = Self.evaluation()
            evaluation.journal = EvaluationJournal(
                directory: folder.file("state"), model: "m", resumes: false, replaces: false)
            _ = try evaluation.run(
                classifier, on: digits(10, labelledBy: classifier), over: SingleProcess(),
                searching: smallNetwork(products: products))
        }
        for (first, second) in [(ProductPrecision.float32, ProductPrecision.bfloat16), (.bfloat16, .float32)] {
            let folder = TemporaryDirectory()
            try run(first, folder)
            try run(first, folder)
            let failure = #expect(throws: Failure.self) { try run(second, folder) }
            #expect(failure?.kind == .usage && failure?.description.contains("search") == true)
        }
    }
}
