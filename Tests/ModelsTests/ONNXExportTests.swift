import Autodiff
import Checkpoints
import Configuration
import Failures
import Foundation
import Kernels
import Models
import ONNX
import TestSupport
import Testing

/// Networks of our own as ONNX files. `ParameterFiles.onnx` reads each again and compares what it says.
@Suite struct ONNXExportTests {
    /// A small one of each kind of classifier, in all normalisations and activations.
    private static let models: [String] = [
        "{kind: resnet, widths: [4, 6], blocks: [1, 2]}",
        "{kind: resnet, widths: [4, 6], blocks: [2, 1], activation: gelu, norm: group}",
        "{kind: resnet, widths: [4], blocks: [1], activation: silu, norm: layer}",
        "{kind: resnet, widths: [4], blocks: [1], norm: none, normalize: {mean: [0.4, 0.5, 0.3], std: [0.2, 0.3, 0.1]}}",
        "{kind: preact-resnet18, widths: [4, 8], blocks: [1, 1]}",
        "{kind: preact-resnet18, widths: [4, 8], blocks: [1, 1], finalNorm: false, activation: silu}",
        "{kind: wide-resnet, depth: 10, widen: 1}",
        "{kind: vit, patch: 2, layers: 2, hidden: 8, mlp_hidden: 12, head: 2}",
        "{kind: mlp, hidden: [5]}",
    ]

    private func state(_ text: String) throws -> ModelState {
        let configuration: ModelConfiguration = try Configuration.read(text: text, source: "model")
        let state = ModelState(
            initialising: try configuration.model(input: [8, 8, 3], classes: 4), seed: 1, in: MemoryPool())
        // Statistics that something was learnt from.
        for place in 0..<state.statistics.count { state.statistics.pointer[place] += Scalar(place % 7) / 20 }
        return state
    }

    @Test(arguments: models) func areTheSameNetworks(text: String) throws {
        let own = try state(text), bytes = try ParameterFiles.onnx(of: own, path: "net.onnx")
        var configuration = ModelConfiguration()
        configuration.architecture = ONNXNetwork().restored(from: bytes)
        let read = ModelState(
            initialising: try configuration.model(input: [8, 8, 3], classes: 4), seed: 0, in: MemoryPool())
        let images = Tensor([2, 8, 8, 3], (0..<384).map { Scalar($0 * 5 % 17) / 17 }, in: MemoryPool())
        func logits(_ state: ModelState) -> [Scalar] {
            var context = state.context(.inference)
            return state.model(images, &context).array
        }
        let (a, b) = (logits(own), logits(read))
        #expect(zip(a, b).allSatisfy { ($0 - $1).magnitude < 1e-5 }, "\(a) and \(b)")
        // Parameters keep their names, and nothing else became one.
        #expect(Set(read.model.parameters.map(\.name)).isSubset(of: Set(own.model.parameters.map(\.name))))
        #expect(read.model.parameterCount == own.model.parameterCount)
    }

    /// A network that came from an ONNX file and was changed goes back into one, with the normalisation in front.
    @Test(arguments: ["convolutions", "attention", "activations", "shapes"])
    func changedNetworksOfOthersGoBack(name: String) throws {
        var configuration = ModelConfiguration(), network = ONNXNetwork()
        network.path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Networks/\(name).onnx").path
        configuration.architecture = network
        configuration.normalize = .init(mean: [0.5, 0.4, 0.3], std: [0.5, 0.6, 0.7])
        let state = ModelState(
            initialising: try configuration.model(input: [8, 8, 3], classes: 4), seed: 0, in: MemoryPool())
        for place in 0..<state.parameters.count { state.parameters.pointer[place] *= 1 + Scalar(place % 5) / 50 }
        let bytes = try ParameterFiles.onnx(of: state, path: "net.onnx")
        #expect(try ONNXFile(bytes: bytes, name: "net.onnx").graph.inputs.map(\.name) == ["image in [0, 1]"])
    }

    @Test func denoisersAreNamed() throws {
        let failure = failure { _ = try ParameterFiles.onnx(of: state("{kind: mlp-denoiser}"), path: "net.onnx") }
        #expect(failure?.kind == .usage && failure?.description.contains("cannot be written as ONNX") == true)
    }
}
