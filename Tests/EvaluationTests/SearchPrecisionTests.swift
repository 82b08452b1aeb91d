import Autodiff
import Distributed
import Evaluation
import Failures
import Kernels
import Perturbations
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
