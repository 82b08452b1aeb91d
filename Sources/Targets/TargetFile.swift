import Configuration
import Data
import Failures
import Formats
import Kernels

/// g(x, t) from a safetensors file: one tensor [N, classes, channels, height, width] over the whole training split in
/// the data set's own order, memory-mapped, so that only the images of a batch are ever read.
public struct TargetFile: TargetConfiguration {
    public var path = ""

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("path", &path)
        try fields.require(!path.isEmpty, "path", "is empty; name the safetensors file")
    }

    public func prepare(_ context: TargetContext) throws -> any TargetSource {
        let file = try SafetensorsFile(path: path)
        let train = context.train
        guard let entry = file.entries.first(where: { $0.shape.count == 5 }) else {
            throw Failure.badInput(path, "no tensor of five axes", expected: "[N, classes, channels, height, width]")
        }
        let expected = [train.base.count, context.classes, train.shape.channels, train.shape.height, train.shape.width]
        guard entry.shape == expected else {
            throw Failure.badInput(path, "tensor \(entry.name) has shape \(entry.shape)", expected: "\(expected)")
        }
        guard [.float16, .float32, .float64].contains(entry.elementType) else {
            throw Failure.badInput(
                path, "tensor \(entry.name) is \(entry.elementType.rawValue)", expected: "F16, F32, F64")
        }
        if let dataset = file.metadata["dataset"], dataset != train.base.fingerprint {
            throw Failure.badInput(
                path, "targets of another data set or order (\(dataset.prefix(12))...)",
                expected: "\(train.base.name) (\(train.base.fingerprint.prefix(12))...)")
        }
        return StoredTargets(file: file, entry: entry, train: train)
    }
}

extension TargetFile {
    public func prepareUnseen(_ context: TargetContext) -> (any UnseenTargets)? { nil }
}

struct StoredTargets: TargetSource {
    let file: SafetensorsFile
    let entry: SafetensorsFile.Entry
    let train: Subset

    func write(index: Int, pixels: Source, target: Int, into out: Destination) {
        let shape = train.shape
        let plane = shape.height * shape.width
        let first = (train.indices[index] * entry.shape[1] + target) * shape.count
        file.withBytes(of: entry) { bytes in
            for c in 0..<shape.channels {
                for p in 0..<plane {
                    let i = first + c * plane + p
                    out[p * shape.channels + c] =
                        switch entry.elementType {
                        case .float16: Scalar(bytes.loadUnaligned(fromByteOffset: 2 * i, as: Float16.self))
                        case .float64: Scalar(bytes.loadUnaligned(fromByteOffset: 8 * i, as: Double.self))
                        default: Scalar(bytes.loadUnaligned(fromByteOffset: 4 * i, as: Float.self))
                        }
                }
            }
        }
    }
}
