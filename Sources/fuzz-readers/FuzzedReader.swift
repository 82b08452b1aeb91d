/// A reader that is given mutated inputs. It may take them or throw a `Failure` that blames the input.
struct FuzzedReader {
    let name: String
    /// Of so many inputs in all this reader gets one: cheap ones get more.
    let share: Int
    /// What an input is made from.
    let seeds: [[UInt8]]
    let mutation: Mutation
    /// In a folder in memory that is the reader's own.
    let read: (_ input: [UInt8], _ folder: Scratch) throws -> Void

    func input(_ number: Int, seed: UInt64) -> [UInt8] {
        var numbers = RandomNumbers(seed: seed, input: number)
        return mutation.mutated(numbers.one(of: seeds), seeds, &numbers)
    }
}

/// All of them. A new one is a file in Readers/ and a line here.
func fuzzedReaders() throws -> [FuzzedReader] {
    let network = try TinyNetwork()
    return [
        json, text, gzip, configuration, metrics, robustness, corruptions, certificate, pictures, runConfiguration,
        try safetensors(network), try checkpoint(network), try foreignWeights(network), try golden(network),
        try targets(), try journal(network), try counts(network), diffusers, try idx(), cifar,
        picture, npz, npy, try safetensorsData(), pythonCIFAR, corruptionFiles, onnx,
        try onnxGraphs(),
    ]
}
