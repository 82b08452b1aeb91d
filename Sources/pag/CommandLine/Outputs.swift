import Evaluation
import Failures
import Formats
import Glibc
import ONNX

/// Refuses outputs over files that are something else: what stands there may be what the user would miss most.
enum Outputs {
    /// A file that a command writes, as earlier runs of the command left it.
    enum Kind {
        case report, exportedWeights, exportedNetwork, importedCheckpoint, predictions, explanations

        /// What messages call it.
        var noun: String {
            switch self {
            case .report: "report"
            case .exportedWeights, .exportedNetwork: "export"
            case .importedCheckpoint: "import"
            case .predictions: "file of predictions"
            case .explanations: "file of explanations"
            }
        }

        fileprivate func matches(_ path: String) throws -> Bool {
            switch self {
            case .report:
                let file = try MappedFile(path: path)
                return withExtendedLifetime(file) {
                    String(decoding: file.bytes.prefix(15), as: UTF8.self).lowercased() == "<!doctype html>"
                }
            case .exportedWeights:
                let metadata = try SafetensorsFile(path: path).metadata
                return metadata["normalize"] != nil && metadata["format_version"] == nil
            case .exportedNetwork: return try !ONNXFile(path: path).producer.isEmpty
            case .importedCheckpoint:
                let metadata = try SafetensorsFile(path: path).metadata
                return metadata["format_version"] != nil && metadata["step"] == "0"
            case .predictions:
                return try SafetensorsFile(path: path).metadata["contents"] == Predictions.contents
            case .explanations:
                return try SafetensorsFile(path: path).metadata["contents"] == Explanations.contents
            }
        }
    }

    /// Throws `usage` where `path` is one of the inputs, or a file of another kind than the command writes.
    static func require(_ path: String, _ kind: Kind, inputs: [String] = []) throws {
        var there = stat()
        guard stat(path, &there) == 0 else { return }
        for input in inputs {
            var status = stat()
            if stat(input, &status) == 0, status.st_ino == there.st_ino, status.st_dev == there.st_dev {
                throw Failure(.usage, "\(path): is what is read; choose another file to write")
            }
        }
        guard there.st_mode & S_IFMT == S_IFREG, there.st_size > 0 else { return }
        guard (try? kind.matches(path)) == true else {
            throw Failure(
                .usage,
                "\(path): is there already and is no earlier \(kind.noun); remove it, or choose another file to "
                    + "write")
        }
    }
}
