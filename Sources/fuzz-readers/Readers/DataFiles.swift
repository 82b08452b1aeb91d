import Data
import Formats

private func bigEndian(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(value).bigEndian) { Array($0) } }

/// MNIST's four files, of which the input is one: images and labels in turn, plain and compressed.
func idx() throws -> FuzzedReader {
    let images = bigEndian(0x803) + bigEndian(2) + bigEndian(28) + bigEndian(28) + [UInt8](repeating: 9, count: 2 * 784)
    let labels = bigEndian(0x801) + bigEndian(2) + [3, 4]
    return FuzzedReader(
        name: "idx", share: 40, seeds: [images, labels, Gzip.deflate(images), Gzip.deflate(labels)],
        mutation: Mutation(structure: .bytes)
    ) { input, folder in
        for part in ["train", "t10k"] {
            try folder.write(images, to: "mnist/\(part)-images-idx3-ubyte")
            try folder.write(labels, to: "mnist/\(part)-labels-idx1-ubyte")
        }
        let isLabels = input.count < 100
        try folder.write(input, to: isLabels ? "mnist/train-labels-idx1-ubyte" : "mnist/train-images-idx3-ubyte")
        let splits = try DatasetRegistry.open("mnist:\(folder.path)/mnist")
        for index in 0..<splits.train.count { readImage(splits.train, index) }
    }
}

/// The binary version; a file that is right is 30 MB, so it is a rare one.
var cifar: FuzzedReader {
    FuzzedReader(
        name: "cifar", share: 1_000,
        seeds: (0..<8).map { [3] + [UInt8](repeating: 7, count: 3071 + 3073 * ($0 / 4)) + [$0 == 0 ? 0x7f : 7] },
        mutation: Mutation(structure: .bytes)
    ) { input, folder in
        let isWhole = input.count == 3073 && input.last == 0x7f
        let file = isWhole ? Array(repeatElement(input.prefix(3073), count: 10_000).joined()) : input
        try folder.write(file, to: "cifar/data_batch_1.bin")
        try folder.write(file, to: "cifar/test_batch.bin")
        let splits = try DatasetRegistry.open("cifar10:\(folder.path)/cifar")
        readImage(splits.test, splits.test.count - 1)
    }
}
