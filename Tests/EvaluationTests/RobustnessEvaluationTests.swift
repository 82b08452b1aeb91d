import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Kernels
import Layers
import Models
import Perturbations
import Synchronization
import Testing

struct RobustnessEvaluationTests {
    private static func evaluation(batch: Int = 32, norm: ThreatModel.Norm = .l2) throws -> RobustnessEvaluation {
        var evaluation = RobustnessEvaluation(
            threat: ThreatModel(norm: norm, epsilon: norm.choice(l1: 1.5, l2: 0.25, linf: 0.02)),
            attacks: [
                FGSM(), PGD(steps: 4, restarts: 2), PGD(name: "pgd-margin", loss: .margin, steps: 3),
                Noise(.uniform, tries: 3),
            ],
            seed: 11)
        evaluation.batch = batch
        evaluation.curve = try EpsilonCurve(epsilons: [0.6, 0.1], attack: PGD(steps: 3))
        evaluation.checks?.samples = 20
        return evaluation
    }

    /// Everything that must not depend on how the work was shared out.
    private struct Essence: Equatable, Sendable {
        let correct: [Bool]
        let survived: [[Bool]]
        let curve: [RobustnessResult.CurvePoint]
        let checks: [RobustnessResult.Check]

        init(_ result: RobustnessResult) {
            correct = result.correct
            survived = result.attacks.map(\.survived) + [result.survived]
            curve = result.curve
            checks = result.checks
        }
    }

    @Test(arguments: zip([Activation.relu, .gelu, .silu], [Normalisation.batch, .group, .layer]))
    func batchesAndRanksDoNotMatter(activation: Activation, norm: Normalisation) throws {
        BLAS.setThreads(1)
        let images = digits(53, labelledBy: smallNetwork(activation, norm))
        func results(batch: Int, ranks: Int) throws -> [RobustnessResult] {
            try ThreadCommunicator.run(ranks: ranks) { communicator in
                try Self.evaluation(batch: batch).run(smallNetwork(activation, norm), on: images, over: communicator)
            }
        }
        let reference = try results(batch: 53, ranks: 1)[0]
        #expect(reference.samples == 53 && reference.adversarialImages.count == 53 * 64)
        #expect(reference.cleanAccuracy == 43.0 / 53)
        // Else there is little to compare.
        let robust = reference.survived.count { $0 }
        #expect(robust > 2 && robust < 41, "\(robust) survivors")
        for (batch, ranks) in [(1, 1), (7, 1), (50, 1), (128, 2), (7, 3), (50, 4), (1, 3)] {
            for (rank, result) in try results(batch: batch, ranks: ranks).enumerated() {
                #expect(Essence(result) == Essence(reference), "batch \(batch), rank \(rank) of \(ranks)")
                let images = rank == 0 ? reference.adversarialImages : []
                #expect(result.adversarialImages == images, "batch \(batch), rank \(rank) of \(ranks)")
                #expect(result.ranks == ranks)
            }
        }
    }

    @Test(arguments: ThreatModel.Norm.proper)
    func adversarialImagesAreWhatTheFlagsSay(norm: ThreatModel.Norm) throws {
        let classifier = smallNetwork()
        let images = digits(40, labelledBy: classifier)
        let result = try Self.evaluation(norm: norm).run(classifier, on: images, over: SingleProcess())
        let found = result.adversarialImages
        let tensor = Tensor([40, 8, 8, 1], found, in: MemoryPool())
        #expect(classifier.misclassifies(tensor, images.labels) == result.survived.map { !$0 })
        for i in 0..<40 {
            let image = Array(found[i * 64..<(i + 1) * 64])
            #expect(result.threat.allows(64, image, original: images.images[i]))
            #expect((image == images.images[i]) == (result.survived[i] || !result.correct[i]))
        }
        #expect(result.survived.contains(true) && result.robustAccuracy < result.cleanAccuracy)
    }

    @Test func randomnessBelongsToTheSample() {
        let classifier = smallNetwork()
        let images = digits(20, labelledBy: classifier)
        let threat = ThreatModel(norm: .linf, epsilon: 0.01)
        func found(_ attack: any Attack, _ indices: [Int], seed: UInt64) -> [Scalar] {
            let context = AttackContext(classifier: classifier, threat: threat, seed: seed)
            return attack.perturb(batch(images, indices), context).array
        }
        for attack in [PGD(steps: 2), Noise(.gaussian, tries: 2), Noise(.uniform)] as [any Attack] {
            let together = found(attack, [3, 0, 12], seed: 1)
            #expect(together == [3, 0, 12].flatMap { found(attack, [$0], seed: 1) })
            #expect(together != found(attack, [3, 0, 12], seed: 2))
        }
    }

    /// Notes the blocks that ranks are given, and changes nothing.
    private final class NotedBlocks: Attack {
        let name = "noted"
        let settings: [JSONValue.Member] = []
        let norms = ThreatModel.Norm.allCases
        let source = AttackSource.outputs
        let blocks = Mutex<[[Int]]>([])
        func validate(_ problem: AttackProblem) throws {}
        func passes(_ problem: AttackProblem) -> Int { 1 }
        func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
            blocks.withLock { $0.append(batch.indices) }
            return batch.images
        }
    }

    @Test(arguments: [(85, 2, 32), (300, 3, 32), (15, 4, 32), (20, 3, 2), (3, 4, 32), (33, 1, 32), (20, 2, Int.max)])
    func ranksThatAreEquallyFastEndTogether(samples: Int, ranks: Int, batch: Int) throws {
        BLAS.setThreads(1)
        let images = digits(samples, labelledBy: smallNetwork())
        let attack = NotedBlocks()
        let results = try ThreadCommunicator.run(ranks: ranks) { communicator in
            var evaluation = RobustnessEvaluation(
                threat: ThreatModel(norm: .l2, epsilon: 0.1), attacks: [attack], seed: 1)
            evaluation.batch = batch
            evaluation.checks = nil
            return try evaluation.run(smallNetwork(), on: images, over: communicator)
        }
        let blocks = attack.blocks.withLock { $0 }.sorted { $0[0] < $1[0] }
        let attacked = results[0].correct.indices.filter { results[0].correct[$0] }
        #expect(blocks.flatMap(\.self) == attacked && blocks.allSatisfy { $0.count <= batch })
        var loads = Array(repeating: 0, count: ranks)
        for block in blocks {
            loads.sort()
            loads[0] += block.count
        }
        loads.sort()
        #expect(loads[ranks - 1] - loads[0] <= 1, "\(loads)")
    }

    @Test func oneSampleOnManyRanks() throws {
        let images = digits(9, labelledBy: smallNetwork())
        let alone = try Self.evaluation().run(smallNetwork(), on: images, over: SingleProcess())
        let results = try ThreadCommunicator.run(ranks: 4) { communicator in
            var evaluation = try Self.evaluation()
            evaluation.samples = 1
            return try evaluation.run(smallNetwork(), on: images, over: communicator)
        }
        for result in results {
            #expect(result.samples == 1 && result.survived == Array(alone.survived.prefix(1)))
            #expect(result.attacks.map { $0.survived[0] } == alone.attacks.map { $0.survived[0] })
        }
        #expect(results[0].adversarialImages == Array(alone.adversarialImages.prefix(64)))
    }

    @Test func nothingSurvivesALargeBudget() throws {
        let classifier = smallNetwork()
        let images = digits(15, labelledBy: classifier)
        let evaluation = RobustnessEvaluation(
            threat: ThreatModel(norm: .linf, epsilon: 1),
            attacks: try AttackRegistry.attacks("pgd,pgd-margin,pgd-targeted"),
            samples: 1000, seed: 1)
        let result = try evaluation.run(classifier, on: images, over: SingleProcess())
        #expect(result.samples == 15 && result.cleanAccuracy == 0.8)
        #expect(result.attacks.map(\.robustAccuracy) == [0, 0, 0] && result.robustAccuracy == 0)
        #expect(result.checks.first { $0.name == "large-epsilon" }?.ok == true)
    }

    @Test func theCurveFallsWithEpsilon() throws {
        let classifier = smallNetwork()
        var evaluation = try Self.evaluation()
        evaluation.curve = try EpsilonCurve(epsilons: [5, 0, 0.2, 0.05, 0.2], attack: PGD(steps: 5))
        let result = try evaluation.run(
            classifier, on: digits(20, labelledBy: classifier), over: SingleProcess())
        #expect(result.curve.map(\.epsilon) == [0, 0.05, 0.2, 5])
        #expect(result.curve.first?.robustAccuracy == result.cleanAccuracy)
        #expect(result.curve.last?.robustAccuracy == 0)
        #expect(zip(result.curve, result.curve.dropFirst()).allSatisfy { $0.robustAccuracy >= $1.robustAccuracy })
        #expect(throws: Failure.self) { try EpsilonCurve(epsilons: [0.1, -1]) }
    }

    @Test func progressIsToldOnRankZero() throws {
        let images = digits(10, labelledBy: smallNetwork())
        @Sendable func told(_ communicator: any Communicator) throws -> [String] {
            var told: [EvaluationProgress] = []
            var evaluation = RobustnessEvaluation(
                threat: ThreatModel(norm: .l2, epsilon: 0.1), attacks: [FGSM()], seed: 1)
            evaluation.batch = 3
            evaluation.checks = nil
            _ = try evaluation.run(smallNetwork(), on: images, over: communicator) { told.append($0) }
            #expect(communicator.heartbeat.phase == "evaluation")
            #expect(told.allSatisfy { ($0.secondsLeft ?? 0) >= 0 })
            return told.map { "\($0.stage) \($0.done)/\($0.total)" }
        }
        let alone = try told(SingleProcess())
        let together = try ThreadCommunicator.run(ranks: 2) { try told($0) }
        // Alone, even blocks of at most three in order. With two ranks, rank 0 has a part of them, in order.
        #expect(together[1].isEmpty)
        #expect(together[0].allSatisfy { $0.hasSuffix("/10") || $0.hasSuffix("/8") })
        #expect(alone == ["clean 2/10", "clean 5/10", "clean 7/10", "clean 10/10", "fgsm 2/8", "fgsm 5/8", "fgsm 8/8"])
    }

    @Test func aNetworkOfNaNsIsNeverRight() throws {
        let shape = ImageShape(height: 2, width: 2, channels: 1)
        let zeros = Array(repeating: [0.0, 0, 0, 0], count: 3)
        let classifier = linearClassifier(shape, weights: zeros, biases: [.nan, 0, 0])
        let images = MadeUpImages.random(4, shape, classes: 3, in: 0...1)
        let result = try RobustnessEvaluation(
            threat: ThreatModel(norm: .l2, epsilon: 0.5),
            attacks: try AttackRegistry.attacks("fgsm,pgd,noise-gaussian"), seed: 1
        ).run(classifier, on: images, over: SingleProcess())
        #expect(result.cleanAccuracy == 0 && result.robustAccuracy == 0)
        let context = AttackContext(classifier: classifier, threat: result.threat, seed: 1)
        let fourClasses: Set = ["apgd-t", "autoattack"]
        for name in AttackRegistry.names where !fourClasses.contains(name) {
            let found = try AttackRegistry.attack(name).perturb(batch(images, [0, 1]), context)
            for row in 0..<2 {
                #expect(result.threat.allows(4, found.pointer + row * 4, original: images.images[row]))
            }
        }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let shape = ImageShape(height: 2, width: 2, channels: 1)
        let classifier = linearClassifier(shape, weights: [[1, 0, 0, 0], [0, 1, 0, 0]], biases: [0, 0])
        func refusal(
            _ images: MadeUpImages, _ attacks: String = "fgsm", samples: Int? = nil
        ) throws -> Failure.Kind? {
            let evaluation = RobustnessEvaluation(
                threat: ThreatModel(norm: .l2, epsilon: 0.5), attacks: try AttackRegistry.attacks(attacks),
                samples: samples, seed: 1)
            do {
                _ = try evaluation.run(classifier, on: images, over: SingleProcess())
                return nil
            } catch let failure as Failure {
                return failure.kind
            }
        }
        let fitting = MadeUpImages.random(4, shape, classes: 2, in: 0...1)
        #expect(try refusal(fitting) == nil)
        #expect(try refusal(fitting, samples: 0) == .usage)
        #expect(try refusal(fitting, "pgd-dlr") == .usage)
        #expect(try refusal(MadeUpImages.random(4, shape, classes: 3, in: 0...1)) == .badInput)
        #expect(try refusal(MadeUpImages(shape, classes: 2, images: [], labels: [])) == .badInput)
        #expect(try refusal(MadeUpImages.random(4, shape, classes: 2, in: 1...3)) == .badInput)
        let wide = ImageShape(height: 2, width: 3, channels: 1)
        #expect(try refusal(MadeUpImages.random(4, wide, classes: 2, in: 0...1)) == .badInput)
    }
}
