import Configuration
import Data
import Failures
import Formats
import Kernels

/// g(x, t) from a safetensors file: one tensor [N, classes, channels, height, width] over the whole training split in
/// the data set's own order, memory-mapped, so that only the images of a batch are ever read.
public struct TargetFile: TargetConfiguration {
    /// The safetensors file.
    public var path = ""

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("path", &path)
        try fields.require(!path.allSatisfy(\.isWhitespace), "path", "is empty; name the safetensors file")
    }

    public var inputFiles: [InputFile] { [InputFile(path)] }

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
        try requireComputed(file, train)
        var targets = StoredTargets(file: file, entry: entry, train: train)
        try targets.survey(sharing: context.work)
        return targets
    }
}

extension TargetFile {
    /// A file of a part of the data set says which images it has targets of.
    private func requireComputed(_ file: SafetensorsFile, _ train: Subset) throws {
        guard let computed = file.entry("computed") else { return }
        guard computed.elementType == .uint8, computed.shape == [train.base.count] else {
            throw Failure.badInput(
                path, "tensor computed is \(computed.elementType.rawValue) of shape \(computed.shape)",
                expected: "U8 of [\(train.base.count)]")
        }
        let missing = file.withBytes(of: computed) { bytes in train.indices.filter { bytes[$0] == 0 } }
        if let first = missing.first {
            throw Failure.badInput(
                path, "no targets of image \(first) and \(missing.count - 1) others that are trained on",
                expected: "the images that targets were computed of")
        }
    }

    public var withoutPlaces: any TargetConfiguration {
        var copy = self
        copy.path = "FILE"
        return copy
    }

    public func prepareUnseen(_ context: TargetContext) -> (any UnseenTargets)? { nil }
}
