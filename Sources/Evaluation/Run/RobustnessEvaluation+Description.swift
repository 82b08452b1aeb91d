import Data
import Distributed
import Formats
import Kernels
import Models
import Perturbations

extension RobustnessEvaluation {
    /// Makes sure that the journal holds nothing of another evaluation, before what takes long begins. Collective. Throws
    /// `usage`, as `run` does.
    public func requireJournal(
        _ classifier: Classifier, on dataset: any Dataset, over communicator: any Communicator,
        searching: Classifier? = nil
    ) throws {
        guard let journal else { return }
        try EvaluationState.require(
            journal, description(journal, classifier, dataset, searching: searching), over: communicator)
    }

    func description(
        _ journal: EvaluationJournal, _ classifier: Classifier, _ dataset: any Dataset, searching: Classifier?
    ) -> JSONValue {
        description(
            model: journal.model, dataset, classes: classifier.classes, noise: classifier.noise,
            search: searching.flatMap { $0.products == classifier.products ? nil : $0.products })
    }

    /// All that the outcomes depend on.
    /// - Parameters:
    ///   - noise: of a random network.
    ///   - search: the precision in which attacks search, where it is not the network's own.
    func description(
        model: String, _ dataset: any Dataset, classes: Int, noise: InputNoise?, search: ProductPrecision?
    ) -> JSONValue {
        let problem = AttackProblem(classes: classes, norm: threat.norm)
        func described(_ attack: any Attack) -> JSONValue {
            let attack = attack.fitted(to: problem)
            var members = [JSONValue.Member("name", JSONValue(attack.name))] + attack.settings
            if let cascade = attack as? any AttackCascade {
                members.append(.init("parts", .array(cascade.parts(problem).attacks.map(described))))
            }
            return .object(members)
        }
        let members: JSONValue = [
            "format": 2,
            "model": JSONValue(model),
            "data": JSONValue(dataset.fingerprint),
            "threat": threat.json,
            "box": JSONValue("\(threat.box)"),
            "attacks": .array(attacks.map(described)),
            "order": "independent",
            "samples": JSONValue(min(samples ?? dataset.count, dataset.count)),
            "seed": JSONValue("\(seed)"),
            "curve": curve.map { curve in
                ["epsilons": JSONValue(curve.epsilons), "attack": described(curve.attack)]
            } ?? .null,
            "checks": checks.map { ["samples": JSONValue($0.samples)] } ?? .null,
            "images": JSONValue(keepsImages),
            "scalar": JSONValue("\(Scalar.self)"),
        ]
        // What was begun before there was a choice goes on.
        let searched = search.map { [JSONValue.Member("search", JSONValue($0.rawValue))] } ?? []
        let random = noise.map { noise in
            [
                JSONValue.Member("input_noise", JSONValue(noise.deviation)),
                JSONValue.Member("input_noise_seed", JSONValue("\(noise.seed)")),
            ]
        }
        return .object((members.members ?? []) + searched + (random ?? []))
    }
}
