import Checkpoints
import Formats
import ONNX

/// The files that a model's path stands for: of an ONNX network those beside it that hold its weights are some of them.
/// Throws `badInput` for an ONNX file that is none.
func modelFiles(_ path: String) throws -> [String] {
    if DiffusersDirectory.isOne(path) { return DiffusersDirectory.files(path) }
    return path.hasSuffix(".onnx") ? [path] + (try ONNXFile(path: path).externalFiles()) : [path]
}

/// What tells models from others: the hashes of their files and how they are read.
/// - Parameter normalize: what the user said of an ONNX network's images.
func identity(of paths: [String], ema: Bool, normalize: String?) throws -> String {
    let hashes = try paths.flatMap(modelFiles).map { path in
        let file = try MappedFile(path: path)
        return withExtendedLifetime(file) { SHA256.hexDigest(of: file.bytes) }
    }
    return hashes.joined(separator: " ") + (ema ? " ema" : "") + (normalize.map { " normalize \($0)" } ?? "")
}

/// Where results of a checkpoint go: `RUN/NAME` for `RUN/checkpoints/FILE`, else beside it.
func runFolder(_ name: String, of checkpoint: String) -> String {
    let parts = checkpoint.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let run = parts.last == "checkpoints" ? parts.dropLast() : parts
    return (run.map(String.init) + [name]).joined(separator: "/")
}
