import Autodiff
import Foundation
import Models
import ONNX

/// Networks in ONNX files.
var onnx: FuzzedReader {
    FuzzedReader(
        name: "onnx", share: 10, seeds: [OwnDataSeeds.network], mutation: Mutation(structure: .bytes)
    ) { input, folder in
        _ = try ONNXFile(path: try folder.write(input, to: "network.onnx"))
    }
}

/// What the graphs of such files are translated to: whatever is taken has to run.
func onnxGraphs() throws -> FuzzedReader {
    let networks = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../Tests/ModelsTests/Networks")
    let seeds = try ["convolutions", "attention", "activations", "shapes"].map { name in
        try model(networks.appendingPathComponent("\(name).onnx").path).structure ?? []
    }
    return FuzzedReader(
        name: "onnx-graph", share: 40, seeds: seeds, mutation: Mutation(structure: .bytes, words: Array(operators))
    ) { input, folder in
        let model = try model(try folder.write(input, to: "network.onnx")), pool = MemoryPool()
        let state = ModelState(initialising: model, seed: 0, in: pool)
        var context = state.context(.inference)
        _ = state.inputGradient(
            of: Tensor([2, 8, 8, 3], repeating: 0.5, in: pool), in: &context, cotangent: { $0 })
    }
}

private let operators = [
    "Conv", "Gemm", "MatMul", "Relu", "Concat", "Slice", "Gather", "Pad", "Split", "Tile", "Expand", "Reshape",
    "Transpose", "Squeeze", "Flatten", "MaxPool", "AveragePool", "Range", "Where", "Shape", "Resize", "ReduceSum",
]

private func model(_ path: String) throws -> Model {
    var configuration = ModelConfiguration(), network = ONNXNetwork()
    network.path = path
    configuration.architecture = network
    return try configuration.model(input: [8, 8, 3], classes: 4)
}
