import ArgumentParser
import Checkpoints
import Failures
import Formats

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a checkpoint's metadata, tensors and hashes.")

    @Argument(help: "A checkpoint or any safetensors file.")
    var checkpoint: String

    @Flag(help: "Only the line with the hash.")
    var hashOnly = false

    func run() throws {
        let file = try SafetensorsFile(path: checkpoint)
        let hash = try ParameterFiles.parameterHash(of: file)
        if !hashOnly {
            for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
                let lines = value.split(separator: "\n", omittingEmptySubsequences: false)
                print(lines.count > 1 ? "\(key):\n  " + lines.joined(separator: "\n  ") : "\(key): \(value)")
            }
            for entry in file.entries { print("\(entry.name) \(entry.elementType.rawValue) \(entry.shape)") }
            print("checksum \(try file.verifyChecksum() ? "intact" : "absent")")
        }
        print("parameters.sha256: \(hash)")
    }
}
