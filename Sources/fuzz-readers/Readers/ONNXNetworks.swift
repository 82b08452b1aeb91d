import ONNX

/// Networks in ONNX files.
var onnx: FuzzedReader {
    FuzzedReader(
        name: "onnx", share: 10, seeds: [OwnDataSeeds.network], mutation: Mutation(structure: .bytes)
    ) { input, folder in
        _ = try ONNXFile(path: try folder.write(input, to: "network.onnx"))
    }
}
