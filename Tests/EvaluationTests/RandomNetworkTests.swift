import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Kernels
import Models
import Perturbations
import Testing

/// Networks that add noise to every image that they are given.
struct RandomNetworkTests {
    private func noisy(_ deviation: Double) -> Classifier {
        var classifier = smallNetwork()
        classifier.noise = InputNoise(deviation: deviation, seed: 3)
        return classifier
    }

    private func evaluation(_ attacks: [any Attack], batch: Int = 4) -> RobustnessEvaluation {
        var evaluation = RobustnessEvaluation(
            threat: ThreatModel(norm: .l2, epsilon: 0.15), attacks: attacks, seed: 5)
        evaluation.checks?.samples = 10
        evaluation.batch = batch
        return evaluation
    }

    @Test func aDrawIsNormalAndBelongsToTheImage() {
        let network = noisy(0.5), plain = smallNetwork(), images = digits(20, labelledBy: plain)
        let together = network.logits(batch(images, Array(0..<20)).images).array
        let alone = network.logits(batch(images, [7]).images).array
        #expect(alone == Array(together[70..<80]))
        #expect(network.drawing(1).logits(batch(images, [7]).images).array != alone)
        #expect(plain.logits(batch(images, [7]).images).array != alone)
        // A linear network passes the noise on: mean 0, and the deviation's share of the weights.
        let shape = ImageShape(height: 1, width: 2, channels: 1)
        var linear = linearClassifier(shape, weights: [[3, 4], [0, 0]], biases: [0, 0])
        linear.noise = InputNoise(deviation: 0.2, seed: 1)
        let point = MadeUpImages(shape, classes: 2, images: [[0.5, 0.25]], labels: [0])
        let draws = (0..<4000).map { Double(linear.drawing($0).logits(batch(point, [0]).images).array[0]) }
        let mean = draws.reduce(0, +) / 4000
        let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3999
        // Expected 2.5 and (0.2 * 5)^2 = 1, with errors of 1/63 and of 1/45.
        #expect(abs(mean - 2.5) < 0.06 && abs(variance - 1) < 0.09)
    }

    /// Gradients that are averaged over passes that do not differ are the gradients.
    @Test(arguments: ThreatModel.Norm.proper)
    func averagesOfTheSameAreTheSame(norm: ThreatModel.Norm) {
        let network = smallNetwork(), images = digits(8, labelledBy: network), part = batch(images, [0, 1, 2, 3])
        let threat = ThreatModel(norm: norm, epsilon: norm.choice(l1: 0.3, l2: 0.05, linf: 0.005))
        let context = AttackContext(classifier: network, threat: threat, seed: 1)
        for loss in [AttackLoss.crossEntropy, .logitRatio] {
            let once = APGD(name: "a", loss: loss, steps: 4).perturb(part, context).array
            let often = APGD(name: "a", loss: loss, steps: 4, draws: 4).perturb(part, context).array
            let difference = zip(once, often).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(difference < 1e-3 * Scalar(threat.epsilon), "\(loss), \(norm): \(difference)")
        }
    }

    @Test func anyNumberOfRanksFindsTheSameAndTheCheckRecommendsTheVersion() throws {
        BLAS.setThreads(1)
        let images = digits(16, labelledBy: smallNetwork())
        let attack = APGD(name: "apgd-ce", loss: .crossEntropy, steps: 4, draws: 3)
        let one = try evaluation([attack]).run(noisy(0.3), on: images, over: SingleProcess())
        let three = try ThreadCommunicator.run(ranks: 3) { communicator in
            try evaluation([attack], batch: 2).run(noisy(0.3), on: images, over: communicator)
        }
        #expect(one.survived == three[0].survived && one.correct == three[0].correct && one.checks == three[0].checks)
        #expect(one.adversarialImages == three[0].adversarialImages)
        #expect(one.checks.contains { $0.name == "same-logits" && !$0.ok })
        #expect(one.notes.contains { $0.contains("autoattack-rand") })
        #expect(one.json(model: "m")["input_noise"] == 0.3)
        let certain = try evaluation([attack]).run(smallNetwork(), on: images, over: SingleProcess())
        #expect(certain.checks.contains { $0.name == "same-logits" && $0.ok })
        #expect(!certain.notes.contains { $0.contains("autoattack-rand") })
        #expect(certain.json(model: "m")["input_noise"] == nil)
    }

    /// Distances to the boundary of one draw, which the next draw has elsewhere, say nothing.
    @Test func attacksThatEndOnTheBoundaryAreRefusedOrNamed() throws {
        let images = digits(8, labelledBy: smallNetwork())
        for attack in [FMN(steps: 4), DDN(steps: 4)] as [any Attack] {
            let failure = #expect(throws: Failure.self) { try evaluation([attack]).validate(noisy(0.3), images, nil) }
            #expect(failure?.kind == .usage && failure?.description.contains("autoattack-rand") == true)
            try evaluation([attack]).validate(smallNetwork(), images, nil)
        }
        let attacks: [any Attack] = [FAB(steps: 2), PGD(steps: 2)]
        func note(_ network: Classifier) throws -> [String] {
            let result = try evaluation(attacks).run(network, on: images, over: SingleProcess())
            return result.notes.filter { $0.hasPrefix("fab-t: ") }
        }
        #expect(try note(noisy(0.3)).count == 1 && note(smallNetwork()).isEmpty)
    }

    /// What pictures and tables say of an image is what the result says.
    @Test func theJudgeSaysTheSameAgain() throws {
        let images = digits(24, labelledBy: smallNetwork()), network = noisy(0.3)
        let result = try evaluation([PGD(steps: 5)]).run(network, on: images, over: SingleProcess())
        let found = Tensor([24, 8, 8, 1], result.adversarialImages, in: MemoryPool())
        #expect(RobustnessEvaluation.judge(network).misclassifies(found, images.labels) == result.survived.map { !$0 })
        #expect(network.misclassifies(found, images.labels) != result.survived.map { !$0 })
    }

    @Test func theVersionForRandomNetworks() {
        let parts = AutoAttack(.rand).parts(AttackProblem(classes: 10, norm: .l2)).attacks
        #expect(parts.map(\.name) == ["apgd-ce", "apgd-dlr"])
        #expect(parts.allSatisfy { $0.settings.contains { $0.key == "draws" && $0.value == 20 } })
        #expect(parts.allSatisfy { $0.settings.contains { $0.key == "restarts" && $0.value == 1 } })
    }
}
