import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Kernels
import Models
import Perturbations
import Testing

struct AutoAttackTests {
    @Test(arguments: [
        (2, ["apgd-ce", "apgd-margin", "fab-t", "square"], 2), (3, ["apgd-ce", "apgd-margin", "fab-t", "square"], 2),
        (4, ["apgd-ce", "apgd-t", "fab-t", "square"], 1), (9, ["apgd-ce", "apgd-t", "fab-t", "square"], 1),
        (10, ["apgd-ce", "apgd-t", "fab-t", "square"], 0), (100, ["apgd-ce", "apgd-t", "fab-t", "square"], 0),
    ])
    func thePartsFitTheClasses(classes: Int, names: [String], notes: Int) throws {
        let parts = AutoAttack().parts(AttackProblem(classes: classes, norm: .l2))
        #expect(parts.attacks.map(\.name) == names && parts.notes.count == notes)
        for note in parts.notes { #expect(note.contains("\(classes)") || note.contains("\(classes - 1)")) }
        let targets = parts.attacks.compactMap { ($0 as? FAB)?.goal }
        #expect(targets == [.likeliest(min(9, classes - 1))])
        try AutoAttack().validate(AttackProblem(classes: classes, norm: .l2))
    }

    @Test(arguments: ThreatModel.Norm.proper)
    func theStandardVersionsNumbers(norm: ThreatModel.Norm) {
        let parts = AutoAttack().parts(AttackProblem(classes: 10, norm: norm)).attacks, isSparse = norm == .l1
        func settings(_ place: Int) -> JSONValue { .object(parts[place].settings) }
        #expect(settings(0) == ["loss": "ce", "steps": 100, "restarts": JSONValue(isSparse ? 5 : 1)])
        #expect(
            settings(1) == [
                "loss": "dlr", "steps": 100, "restarts": 1, "target_classes": JSONValue(isSparse ? 5 : 9),
            ])
        #expect(settings(2) == ["steps": 100, "target_classes": 9])
        #expect(settings(3) == ["queries": 5000, "restarts": 1])
    }

    /// As `AutoAttack.set_version` of the authors' program has them.
    @Test func theOtherVersionsNumbers() throws {
        let problem = AttackProblem(classes: 10, norm: .linf)
        let plus = AutoAttack(.plus).parts(problem).attacks
        #expect(plus.map(\.name) == ["apgd-ce", "apgd-dlr", "fab", "square", "apgd-t", "fab-t"])
        let restarts = plus.map { JSONValue.object($0.settings)["restarts"] }
        #expect(restarts == [5, 5, 5, 1, 1, 5])
        #expect(JSONValue.object(plus[2].settings)["target_classes"] == nil)
        #expect(plus.suffix(2).allSatisfy { JSONValue.object($0.settings)["target_classes"] == 9 })
        #expect(AutoAttack(.plus).parts(AttackProblem(classes: 2, norm: .l2)).notes.count == 3)
        #expect(!AutoAttack(.plus).norms.contains(.l1))
        let malt = AutoAttack(.malt).parts(problem).attacks
        #expect(malt.map(\.name) == ["apgd-ce", "apgd-t", "fab-t", "square"])
        #expect(malt[1].settings.contains { $0.key == "target_order" && $0.value == "nearest" })
    }

    /// The same form at a fraction of the cost.
    struct Small: AttackCascade {
        let norms = ThreatModel.Norm.proper
        let name = "autoattack"
        let settings: [JSONValue.Member] = []
        func parts(_ problem: AttackProblem) -> (attacks: [any Attack], notes: [String]) {
            let attacks: [any Attack] = [
                APGD(name: "apgd-ce", loss: .crossEntropy, steps: 5),
                APGD(name: "apgd-t", loss: .logitRatio, steps: 4, goal: .likeliest(2)),
                FAB(steps: 3, goal: .likeliest(2)), Square(queries: 30),
            ]
            return (attacks, ["a note"])
        }
    }

    private func evaluation(_ attacks: [any Attack], norm: ThreatModel.Norm = .l2) -> RobustnessEvaluation {
        var evaluation = RobustnessEvaluation(
            threat: ThreatModel(norm: norm, epsilon: norm.choice(l1: 0.8, l2: 0.15, linf: 0.02)), attacks: attacks,
            seed: 5)
        evaluation.checks = nil
        return evaluation
    }

    @Test(arguments: ThreatModel.Norm.proper)
    func eachPartSeesWhatIsLeftAndTheTotalIsTheLast(norm: ThreatModel.Norm) throws {
        let network = smallNetwork(), images = digits(40, labelledBy: network)
        let result = try evaluation([Small()], norm: norm).run(network, on: images, over: SingleProcess())
        #expect(result.attacks.map(\.name) == ["apgd-ce", "apgd-t", "fab-t", "square", "autoattack"])
        #expect(result.notes == ["a note"])
        let alone = try evaluation(Small().parts(AttackProblem(classes: 10, norm: norm)).attacks, norm: norm)
            .run(network, on: images, over: SingleProcess())
        var left = result.correct
        for (place, attack) in alone.attacks.enumerated() {
            left = zip(left, attack.survived).map { $0 && $1 }
            #expect(result.attacks[place].survived == left)
        }
        #expect(result.attacks[4].survived == left && result.survived == left)
        #expect(left.contains(true) && left.count { $0 } < 32)
        #expect(result.adversarialImages == alone.adversarialImages)
        // As one attack it comes to the same.
        let context = AttackContext(classifier: network, threat: result.threat, seed: 5)
        let found = Small().perturb(batch(images, Array(0..<40)), context)
        let broken = network.misclassifies(found, images.labels)
        #expect(zip(result.correct, broken).map { $0 && !$1 } == left)
        let json = result.json(model: "m")
        #expect(json["attacks"]?[1]?["cascade"] == "autoattack" && json["notes"] == ["a note"])
        #expect(json["robustbench"]?["autoattack_acc"]?.stringValue != nil)
    }

    /// Counts the images it is given. Unchecked, because one thread uses it.
    final class Counting: Attack, @unchecked Sendable {
        let norms = ThreatModel.Norm.proper
        let name = "apgd-ce"
        let settings: [JSONValue.Member] = []
        let source = AttackSource.gradients
        var seen = 0
        func validate(_ problem: AttackProblem) throws {}
        func passes(_ problem: AttackProblem) -> Int { 1 }
        func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
            seen += batch.count
            return FGSM().perturb(batch, context)
        }
    }

    struct Wrapping: AttackCascade {
        let norms = ThreatModel.Norm.proper
        let name = "both"
        let settings: [JSONValue.Member] = []
        let part: Counting
        func parts(_ problem: AttackProblem) -> (attacks: [any Attack], notes: [String]) { ([part], []) }
    }

    @Test func whatIsKnownIsNotRunAgain() throws {
        let network = smallNetwork(), images = digits(20, labelledBy: network), counting = Counting()
        let result = try evaluation([counting, Wrapping(part: counting)])
            .run(network, on: images, over: SingleProcess())
        #expect(counting.seen == 16)
        #expect(result.attacks.map(\.name) == ["apgd-ce", "apgd-ce", "both"])
        #expect(result.attacks[0].survived == result.attacks[2].survived)
    }

    @Test(arguments: [(1, 4), (2, 3), (3, 50), (5, 1)])
    func ranksAndBatchesDoNotMatter(ranks: Int, batch: Int) throws {
        BLAS.setThreads(1)
        let images = digits(30, labelledBy: smallNetwork())
        let others: [any Attack] = [CarliniWagner(steps: 8, searches: 2), HopSkipJump(steps: 2, neighbours: 20)]
        let reference = try evaluation([Small()] + others).run(smallNetwork(), on: images, over: SingleProcess())
        let results = try ThreadCommunicator.run(ranks: ranks) { communicator in
            var evaluation = evaluation([Small()] + others)
            evaluation.batch = batch
            return try evaluation.run(smallNetwork(), on: images, over: communicator)
        }
        for (rank, result) in results.enumerated() {
            #expect(result.attacks.map(\.survived) == reference.attacks.map(\.survived))
            #expect(result.adversarialImages == (rank == 0 ? reference.adversarialImages : []))
        }
    }

    @Test func aModelOfTwoClassesIsAttacked() throws {
        let shape = ImageShape(height: 2, width: 2, channels: 1)
        let classifier = linearClassifier(shape, weights: [[-3, 0, 0, 0], [3, 0, 0, 0]], biases: [1.5, -1.5])
        let images = MadeUpImages(
            shape, classes: 2, images: [[0.45, 0, 0, 0], [0.9, 0, 0, 0]], labels: [0, 1])
        let result = try RobustnessEvaluation(
            threat: ThreatModel(norm: .linf, epsilon: 0.1), attacks: [AutoAttack()], seed: 1
        ).run(classifier, on: images, over: SingleProcess())
        #expect(result.survived == [false, true] && result.notes.count == 2)
        let gain = result.checks.first { $0.name == "square-gain" }
        #expect(gain?.ok == true && gain?.value == 0)
    }

    private struct Transferring: AttackCascade {
        let norms = ThreatModel.Norm.proper
        let name = "both"
        let settings: [JSONValue.Member] = []
        func parts(_ problem: AttackProblem) -> (attacks: [any Attack], notes: [String]) {
            ([FGSM(), Transfer(steps: 2)], [])
        }
    }

    @Test func transferNeedsAnotherModelOfTheSameForm() throws {
        let network = smallNetwork(), images = digits(5, labelledBy: network)
        let transfer = evaluation([Transfer()])
        func kind(_ body: () throws -> RobustnessResult) -> Failure.Kind? {
            do { _ = try body(); return nil } catch { return (error as? Failure)?.kind }
        }
        #expect(kind { try transfer.run(network, on: images, over: SingleProcess()) } == .usage)
        let other = linearClassifier(
            ImageShape(height: 1, width: 2, channels: 1), weights: [[0, 1], [1, 0]], biases: [0, 0])
        #expect(kind { try transfer.run(network, on: images, over: SingleProcess(), surrogate: other) } == .usage)
        #expect(kind { try transfer.run(network, on: images, over: SingleProcess(), surrogate: network) } == nil)
        let inside = evaluation([Transferring()])
        #expect(kind { try inside.run(network, on: images, over: SingleProcess()) } == .usage)
        #expect(kind { try inside.run(network, on: images, over: SingleProcess(), surrogate: network) } == nil)
    }

    /// A part that is the same attack as one that was run by itself is known by its settings.
    @Test(arguments: ["apgd-t", "fab-t"], [5, 10])
    func settingsSayHowManyClassesThereAre(name: String, classes: Int) throws {
        let problem = AttackProblem(classes: classes, norm: .l2)
        let part = try #require(AutoAttack().parts(problem).attacks.first { $0.name == name })
        let alone = try AttackRegistry.attack(name).fitted(to: problem)
        #expect(alone.settings == part.settings)
        #expect(alone.settings.first { $0.key == "target_classes" }?.value == JSONValue(classes - 1))
    }
}
