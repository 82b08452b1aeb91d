import ArgumentParser
import Checkpoints
import Failures
import Formats
import ONNX

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a checkpoint's metadata, tensors and hashes, or what is in an ONNX network.")

    @Argument(help: "A checkpoint, any safetensors file, or FILE.onnx.")
    var checkpoint: String

    @Flag(help: "Only the line with the hash; of safetensors.")
    var hashOnly = false

    func run() throws {
        guard !checkpoint.hasSuffix(".onnx") else { return describe(try ONNXFile(path: checkpoint)) }
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

    private func describe(_ network: ONNXFile) {
        let graph = network.graph, constants = graph.constants.values
        if !network.producer.isEmpty { print("producer: \(network.producer)") }
        print("operators: ONNX's version \(network.operatorSet)")
        for (title, values) in [("input", graph.inputs), ("output", graph.outputs)] {
            for value in values {
                let axes = value.shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
                print("\(title): \(value.name.quoted) \(value.element.map { "\($0)" } ?? "") [\(axes)]")
            }
        }
        let counts = Dictionary(grouping: graph.nodes) {
            $0.domain.isEmpty ? $0.operation : "\($0.domain).\($0.operation)"
        }
        for (operation, nodes) in counts.sorted(by: { $0.key < $1.key }) {
            print("\(operation.quoted.dropFirst().dropLast()): \(nodes.count)")
        }
        print("constants: \(constants.count), of \(constants.reduce(0) { $0 + $1.count }) numbers")
        let external = constants.count { $0.isExternal }
        if external > 0 { print("in other files: \(external) of them") }
    }
}
