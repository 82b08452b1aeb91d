import Autodiff
import Failures
import Formats
import Kernels
import Layers
import Models
import ONNX

extension ParameterFiles {
    /// The network as an ONNX file that takes images [batch, C, H, W] in [0, 1]. What was written is read again and has
    /// to be the same network. Throws `usage` for one that has no form in ONNX.
    /// - Parameter path: what messages call it.
    public static func onnx(of state: ModelState, path: String) throws -> [UInt8] {
        let bytes = try state.model.structure.map { try filled($0, state, path) } ?? written(state)
        try requireSame(bytes, state, path)
        return bytes
    }

    private static func written(_ state: ModelState) throws -> [UInt8] {
        let parameters = zip(state.model.parameters, state.tensors(of: state.parameters)).map { declaration, tensor in
            ExportedGraph.Numbers(
                name: declaration.name, shape: fileShape(declaration),
                values: reordered(tensor, declaration.layout).map { Float($0) })
        }
        let running = zip(state.model.statistics, state.runningTensors(of: state.statistics)).map {
            declaration, tensors in
            func numbers(_ name: String, _ tensor: Tensor) -> ExportedGraph.Numbers {
                ExportedGraph.Numbers(name: name, shape: [declaration.channels], values: tensor.array.map { Float($0) })
            }
            return (numbers(declaration.meanName, tensors.mean), numbers(declaration.varianceName, tensors.variance))
        }
        var graph = ExportedGraph(parameters: parameters, running: running)
        try state.model.export(to: &graph)
        let input = state.model.input
        return graph.writer.file(
            input: [input[2], input[0], input[1]], classes: state.model.classes,
            producer: (name: "pag", version: ProgramVersion.text))
    }

    /// The file that the network came from, with its numbers as they are now.
    private static func filled(_ structure: [UInt8], _ state: ModelState, _ path: String) throws -> [UInt8] {
        var numbers: [String: ONNXFile.Numbers] = [:]
        for (declaration, tensor) in zip(state.model.parameters, state.tensors(of: state.parameters)) {
            numbers[declaration.name] = ONNXFile.Numbers(
                shape: fileShape(declaration), values: reordered(tensor, declaration.layout).map { Float($0) })
        }
        for (declaration, tensors) in zip(state.model.statistics, state.runningTensors(of: state.statistics)) {
            for (name, tensor) in [(declaration.meanName, tensors.mean), (declaration.varianceName, tensors.variance)] {
                numbers[name] = ONNXFile.Numbers(shape: [declaration.channels], values: tensor.array.map { Float($0) })
            }
        }
        let normalisation = state.model.normalisation
        let isPlain = normalisation.mean.allSatisfy { $0 == 0 } && normalisation.deviation.allSatisfy { $0 == 1 }
        return try ONNXFile(bytes: structure, name: path).bytes(
            with: numbers,
            entrance: isPlain
                ? nil
                : .init(
                    mean: normalisation.mean.map { Float($0) }, scale: normalisation.deviation.map { Float(1 / $0) }))
    }

    /// Throws `internalError` where the bytes are of a network that says something else of an image.
    private static func requireSame(_ bytes: [UInt8], _ state: ModelState, _ path: String) throws {
        var configuration = ModelConfiguration()
        configuration.architecture = ONNXNetwork().restored(from: bytes)
        let pool = MemoryPool(), input = state.model.input
        let model = try configuration.model(input: input, classes: state.model.classes)
        let again = ModelState(initialising: model, seed: 0, in: pool)
        let image = Tensor([1] + input, (0..<input.count).map { Scalar($0 * 7 % 64) / 64 }, in: pool)
        func logits(_ state: ModelState) -> [Scalar] {
            var context = state.context(.inference)
            return state.model(image, &context).array
        }
        let (written, own) = (logits(again), logits(state)), size = own.reduce(0) { max($0, $1.magnitude) }
        guard zip(written, own).allSatisfy({ ($0 - $1).magnitude <= 1e-3 * max(size, 1) }) else {
            throw Failure(.internalError, "\(path): the network as written gives \(written), not \(own)")
        }
    }
}
