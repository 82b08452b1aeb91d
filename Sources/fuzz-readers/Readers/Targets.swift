import Data
import Formats
import Kernels
import Targets

private struct Alone: WorkSharing {
    func share(_ count: Int, _ body: (Int) throws -> [Int32]) throws -> [[Int32]] { try (0..<count).map(body) }
}

func readImage(_ dataset: any Dataset, _ index: Int) {
    var image = [Scalar](repeating: 0, count: dataset.shape.count)
    dataset.read(index, into: &image)
}

/// Target gradients of the toy data set, whose images are two numbers.
func targets() throws -> FuzzedReader {
    let train = try DatasetRegistry.open("toy2d").train
    let subset = Subset(train, indices: Array(0..<8)), shape = train.shape
    let full = [train.count, train.classNames.count, shape.channels, shape.height, shape.width]
    let file = try Scratch.bytes {
        try SafetensorsWriter.write(
            to: $0, metadata: ["dataset": train.fingerprint],
            tensors: [
                TensorToWrite(name: "targets", shape: full, values: [Float](repeating: 0.5, count: full.reduce(1, *))),
                TensorToWrite(
                    name: "computed", shape: [train.count], values: [UInt8](repeating: 1, count: train.count)),
            ])
    }
    return FuzzedReader(
        name: "targets", share: 60, seeds: [file],
        mutation: Mutation(structure: .safetensors, words: ["\"F16\"", "\"F64\"", "computed", "\"U8\""])
    ) { input, folder in
        var configuration = TargetFile()
        configuration.path = try folder.write(input, to: "targets.safetensors")
        let source = try configuration.prepare(TargetContext(train: subset, seed: 1, work: Alone()))
        var pixels = [Scalar](repeating: 0, count: shape.count), target = pixels
        for index in 0..<subset.count {
            subset.read(index, into: &pixels)
            for label in subset.classNames.indices {
                source.write(index: index, pixels: pixels, target: label, into: &target)
            }
        }
    }
}
