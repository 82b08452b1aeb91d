import Autodiff
import Data
import Distributed
import Evaluation
import Formats
import Kernels
import Models
import Perturbations
import TestSupport
import Testing

struct ResultFilesTests {
    /// Images of two channels, so that the order of axes shows.
    private let shape = ImageShape(height: 2, width: 3, channels: 2)

    private func result(_ attacks: [any Attack]) throws -> (RobustnessResult, MadeUpImages) {
        let weights = (0..<3).map { k in
            (0..<12).map { (i: Int) -> Double in Double((i * 7 + k * 5) % 11) / 11 - 0.5 }
        }
        let classifier = linearClassifier(shape, weights: weights, biases: [0.1, 0, -0.1])
        let images = MadeUpImages.random(7, shape, classes: 3, in: 0.2...0.8)
        var evaluation = RobustnessEvaluation(
            threat: try ThreatModel(norm: "linf", epsilon: "8/255"), attacks: attacks, seed: 4)
        evaluation.curve = try EpsilonCurve(epsilons: [0.1])
        return (try evaluation.run(classifier, on: images, over: SingleProcess()), images)
    }

    @Test func theJSONHasTheKeysThatScriptsReadInOrder() throws {
        let (result, _) = try result([FGSM(), PGD(steps: 3)])
        let json = try JSONValue.parse(result.json(model: "m.safetensors").text(pretty: true), source: "test")
        #expect(
            json.members?.map(\.key) == [
                "version", "model", "dataset", "samples", "seed", "ranks", "clean_acc", "threat", "search", "order",
                "attacks", "robust_acc", "curve", "checks", "notes", "robustbench",
            ])
        #expect(json["model"] == "m.safetensors" && json["dataset"] == "made-up test")
        #expect(json["samples"] == 7 && json["seed"] == 4 && json["ranks"] == 1)
        #expect(json["clean_acc"]?.doubleValue == result.cleanAccuracy)
        #expect(json["threat"] == ["norm": "linf", "epsilon": JSONValue(8.0 / 255)])
        let attack = json["attacks"]?[1]
        #expect(
            attack?.members?.map(\.key) == [
                "name", "robust_acc", "seconds", "norm", "epsilon", "loss", "steps", "step_size_per_epsilon",
                "restarts", "random_start",
            ])
        #expect(attack?["name"] == "pgd" && attack?["steps"] == 3)
        #expect(attack?["robust_acc"]?.doubleValue == result.attacks[1].robustAccuracy)
        #expect(json["robust_acc"]?.doubleValue == result.robustAccuracy)
        #expect(json["curve"]?[0]?.members?.map(\.key) == ["epsilon", "robust_acc"])
        #expect(json["checks"]?[0]?.members?.map(\.key) == ["name", "ok", "value"])
        #expect(json["robustbench"]?["eps"] == "8/255" && json["robustbench"]?["dataset"] == "madeup")
        #expect(json["robustbench"]?["autoattack_acc"] == nil)
    }

    /// Stands for the real one, of which this file only knows the name.
    private struct Named: Attack {
        let name = "autoattack"
        let settings = [JSONValue.Member("steps", 1)]
        let norms = ThreatModel.Norm.allCases
        let source = AttackSource.gradients
        func validate(_ problem: AttackProblem) throws {}
        func passes(_ problem: AttackProblem) -> Int { 1 }
        func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor { FGSM().perturb(batch, context) }
    }

    @Test func robustBenchGetsPercentagesAsText() throws {
        let (result, _) = try result([Named()])
        let entry = result.json(model: "m")["robustbench"]
        func text(_ share: Double) -> String {
            let parts = "\((share * 10_000).rounded() / 100)".split(separator: ".")
            return parts[0] + "." + parts[1] + (parts[1].count < 2 ? "0" : "")
        }
        #expect(entry?["clean_acc"]?.stringValue == text(result.cleanAccuracy))
        #expect(entry?["autoattack_acc"]?.stringValue == text(result.robustAccuracy))
    }

    @Test func theImagesAreChannelsFirstAndInDataOrder() throws {
        let (result, images) = try result([PGD(steps: 3)])
        let directory = TemporaryDirectory()
        try result.write(to: "\(directory.path)/eval", model: "m")
        let file = try SafetensorsFile(path: "\(directory.path)/eval/adversarial.safetensors")
        #expect(file.entries.map(\.name) == ["x_adv", "y", "survived"])
        #expect(file.entries.map(\.elementType) == [.float32, .int64, .uint8])
        let values: [Float] = try file.values(of: "x_adv", shape: [7, 2, 2, 3])
        for i in 0..<7 {
            for y in 0..<2 {
                for x in 0..<3 {
                    for c in 0..<2 {
                        let expected = result.adversarialImages[((i * 2 + y) * 3 + x) * 2 + c]
                        #expect(values[((i * 2 + c) * 2 + y) * 3 + x] == Float(expected))
                    }
                }
            }
        }
        let labels: [Int64] = try file.values(of: "y", shape: [7])
        let survived: [Int64] = try file.values(of: "survived", shape: [7])
        #expect(labels == images.labels.map(Int64.init) && survived == result.survived.map { $0 ? 1 : 0 })
        let bytes = try MappedFile(path: "\(directory.path)/eval/robustness.json")
        let text = withExtendedLifetime(bytes) { String(decoding: bytes.bytes, as: UTF8.self) }
        #expect(try JSONValue.parse(text, source: "file") == result.json(model: "m"))
    }

    @Test func modelInfoHasTheFieldsOfRobustBench() throws {
        let (result, _) = try result([Named()])
        let directory = TemporaryDirectory()
        try result.write(to: "\(directory.path)/eval", model: "m")
        let path = "\(directory.path)/eval/model_info.json"
        let file = try MappedFile(path: path)
        let entry = try withExtendedLifetime(file) { try JSONValue.parse(file.bytes, source: path) }
        #expect(
            Set(entry.members?.map(\.key) ?? []) == [
                "link", "name", "authors", "additional_data", "number_forward_passes", "dataset", "venue",
                "architecture", "eps", "clean_acc", "reported", "autoattack_acc", "unreliable",
            ])
        #expect(entry["name"] == "m" && entry["eps"] == "8/255" && entry["number_forward_passes"] == 1)
        #expect(entry["unreliable"] == JSONValue(result.checks.contains { !$0.ok }))
    }
}
