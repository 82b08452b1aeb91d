import Distributed
import Evaluation
import Failures
import Formats
import Perturbations
import Testing

struct JointRobustnessTests {
    @Test func anImageMustWithstandEveryThreat() throws {
        let network = smallNetwork(), images = digits(40, labelledBy: network)
        let results = try ThreatModel.list(norms: "L1,linf", epsilons: "1.5,0.02").map { threat in
            try RobustnessEvaluation(threat: threat, attacks: [FGSM()], seed: 1)
                .run(network, on: images, over: SingleProcess())
        }
        let joint = JointRobustness(results), json = joint.json(model: "m")
        let both = zip(results[0].survived, results[1].survived).map { $0 && $1 }
        #expect(joint.survived == both && both.contains(true))
        #expect(json["robust_acc"] == JSONValue(Double(both.count { $0 }) / 40))
        #expect(json["average_acc"] == JSONValue((results[0].robustAccuracy + results[1].robustAccuracy) / 2))
        #expect(json["threats"]?.arrayValue?.map { $0["norm"] } == ["l1", "linf"])
        #expect(json["attacks"]?.arrayValue?.map { $0["epsilon"] } == [1.5, 0.02])
        // A check is one of a threat's, a note all threats'.
        #expect(json["checks"]?.arrayValue?.allSatisfy { $0["norm"] != nil } == true)
        #expect(json["notes"]?.arrayValue?.count ?? 0 <= max(results[0].notes.count, results[1].notes.count))
    }

    @Test func listsOfNorms() throws {
        #expect(
            try ThreatModel.list(norms: "l1,l2,linf", epsilons: nil)
                == [
                    ThreatModel(norm: .l1, epsilon: 12), ThreatModel(norm: .l2, epsilon: 0.5),
                    ThreatModel(norm: .linf, epsilon: 8.0 / 255),
                ])
        let wrong = [("l1,l2", "1"), ("l1", "1,2"), ("l2,L_2", "1,2"), ("l2,", "1,2"), ("", nil), ("l1", "")]
        for (norms, epsilons) in wrong {
            #expect(throws: Failure.self, "\(norms), \(epsilons ?? "none")") {
                try ThreatModel.list(norms: norms, epsilons: epsilons)
            }
        }
    }
}
