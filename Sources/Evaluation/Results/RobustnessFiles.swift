import Data
import Formats
import Kernels

extension RobustnessResult {
    /// The contents of `robustness.json`. Accuracies are shares of 1. `model` is what the user calls the model.
    public func json(model: String) -> JSONValue {
        var json = common(model: model)
        if let noise { json["input_noise"] = JSONValue(noise) }
        return json
    }

    private func common(model: String) -> JSONValue {
        [
            "version": JSONValue(ProgramVersion.text),
            "model": JSONValue(model),
            "dataset": JSONValue(dataset),
            "samples": JSONValue(samples),
            // JSON readers that know no unsigned integers get a seed past 2^63 as text.
            "seed": Int64(exactly: seed).map { .integer($0) } ?? .string("\(seed)"),
            "ranks": JSONValue(ranks),
            "clean_acc": JSONValue(cleanAccuracy),
            "threat": threat.json,
            // The precision of products on which attacks searched; what they found was judged in float32.
            "search": JSONValue(search.rawValue),
            // Each attack was run on all images that are classified correctly.
            "order": "independent",
            "attacks": .array(attacks.map(json)),
            "robust_acc": JSONValue(robustAccuracy),
            "curve": .array(
                curve.map { ["epsilon": JSONValue($0.epsilon), "robust_acc": JSONValue($0.robustAccuracy)] }),
            "checks": .array(
                checks.map { ["name": JSONValue($0.name), "ok": JSONValue($0.ok), "value": JSONValue($0.value)] }),
            "notes": JSONValue(notes),
            "robustbench": robustBench,
        ]
    }

    private func json(_ attack: AttackOutcome) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("name", JSONValue(attack.name)),
            .init("robust_acc", JSONValue(attack.robustAccuracy)),
            .init("seconds", JSONValue(attack.seconds)),
            .init("norm", JSONValue(threat.norm.rawValue)),
            .init("epsilon", JSONValue(threat.epsilon)),
        ]
        members += attack.settings.filter { setting in !members.contains { $0.key == setting.key } }
        if let distances = attack.distances {
            // JSON has no infinity.
            func number(_ value: Double) -> JSONValue { value.isFinite ? JSONValue(value) : .null }
            members.append(.init("median_distance", attack.medianDistance.map(number) ?? .null))
            members.append(
                .init(
                    "curve",
                    .array(
                        radii.compactMap { epsilon in
                            attack.accuracy(at: epsilon).map {
                                ["epsilon": JSONValue(epsilon), "robust_acc": JSONValue($0)]
                            }
                        })))
            members.append(.init("distances", .array(distances.map(number))))
        }
        return .object(members)
    }

    /// Of the curve of an attack that measures distances: some around the threat's, under `l0` whole numbers of values.
    private var radii: [Double] {
        let around = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4].map { $0 * threat.epsilon }
        return threat.norm == .l0 ? Set(around.map { max(1, $0.rounded()) }).sorted() : around
    }

    /// An entry of RobustBench's model_info, `unreliable` where a check failed: what only a person can say is empty.
    private func modelInfo(model: String) -> JSONValue {
        var entry: JSONValue = [
            "link": "", "name": "", "authors": "", "additional_data": false, "number_forward_passes": 1, "venue": "",
            "architecture": "", "reported": "",
        ]
        for member in robustBench.members ?? [] { entry[member.key] = member.value }
        entry["name"] = JSONValue(model)
        entry["unreliable"] = JSONValue(checks.contains { !$0.ok })
        return entry
    }

    /// The fields of such an entry that a program can fill: percentages with two decimals as text. `autoattack_acc`
    /// only if that attack was run.
    private var robustBench: JSONValue {
        let name = dataset.split(separator: " ").first.map { $0.lowercased().filter { $0 != "-" } } ?? ""
        var entry: JSONValue = [
            "dataset": JSONValue(name),
            "eps": JSONValue(threat.epsilonText),
            "clean_acc": JSONValue(Self.percentage(cleanAccuracy)),
        ]
        if let attack = attacks.first(where: { $0.name == "autoattack" }) {
            entry["autoattack_acc"] = JSONValue(Self.percentage(attack.robustAccuracy))
        }
        return entry
    }

    private static func percentage(_ share: Double) -> String {
        let hundredths = Int((share * 10_000).rounded())
        let fraction = "\(hundredths % 100)"
        return "\(hundredths / 100)." + (fraction.count < 2 ? "0" : "") + fraction
    }

    /// The names of what `write` writes.
    public static let files = ["robustness.json", "model_info.json", "adversarial.safetensors"]

    /// Writes `robustness.json`, `model_info.json` for RobustBench and, where the images were kept,
    /// `adversarial.safetensors` into a directory, which is created if need be. The last holds `x_adv` F32
    /// [N, C, H, W], `y` I64 [N], `survived` U8 [N]. For rank 0. Throws `inputOutput`.
    public func write(to directory: String, model: String) throws {
        try createDirectory(directory)
        if !adversarialImages.isEmpty {
            try SafetensorsWriter.write(
                to: "\(directory)/adversarial.safetensors",
                metadata: [
                    "model": model, "dataset": dataset, "dataset.sha256": fingerprint, "norm": threat.norm.rawValue,
                    "epsilon": "\(threat.epsilon)", "seed": "\(seed)",
                ],
                tensors: [
                    TensorToWrite(
                        name: "x_adv", shape: [samples, shape.channels, shape.height, shape.width],
                        values: channelsFirst()),
                    TensorToWrite(name: "y", shape: [samples], values: labels.map(Int64.init)),
                    TensorToWrite(name: "survived", shape: [samples], values: survived.map { $0 ? 1 : 0 as UInt8 }),
                ])
        }
        try AtomicFile.write(modelInfo(model: model).text(pretty: true) + "\n", to: "\(directory)/model_info.json")
        try AtomicFile.write(json(model: model).text(pretty: true) + "\n", to: "\(directory)/robustness.json")
    }

    private func channelsFirst() -> [Float] {
        var values = [Float](repeating: 0, count: adversarialImages.count)
        for start in stride(from: 0, to: adversarialImages.count, by: shape.count) {
            PixelLayout.planes.forEach(shape) { place, stored in
                values[start + stored] = Float(adversarialImages[start + place])
            }
        }
        return values
    }
}
