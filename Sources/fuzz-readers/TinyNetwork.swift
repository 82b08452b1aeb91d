import Autodiff
import Checkpoints
import Configuration
import Formats
import Kernels
import Models

/// A network of a few numbers with all that files have: filters, BatchNorm's statistics, a shortcut.
struct TinyNetwork {
    let description: ModelDescription
    let state: ModelState

    init() throws {
        let configuration: ModelConfiguration = try Configuration.read(
            text: "{kind: resnet, widths: [2, 3], blocks: [1, 1], inChannels: 1}", source: "the tiny network")
        description = ModelDescription(configuration: configuration, input: [8, 8, 1], classes: 10)
        state = ModelState(initialising: try description.model(), seed: 1, in: MemoryPool())
    }

    func tensors(prefix: String = "") -> [TensorToWrite] {
        ParameterFiles.tensors(state.parameters, of: state, prefix: prefix)
            + (prefix.isEmpty ? ParameterFiles.statistics(of: state) : [])
    }

    func file(_ metadata: [String: String], more: [TensorToWrite] = []) throws -> [UInt8] {
        try Scratch.bytes {
            try SafetensorsWriter.write(to: $0, metadata: metadata, tensors: tensors() + more, checksum: true)
        }
    }
}
