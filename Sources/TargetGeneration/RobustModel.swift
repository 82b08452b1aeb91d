import Autodiff
import Checkpoints
import Configuration
import Failures
import Formats
import Kernels
import Models

/// g(x, t) = ∇ log p_t(x) of a given classifier, a robust one say: its gradients as another's targets.
public struct RobustModel: TargetGenerator {
    /// A checkpoint of a classifier.
    public var checkpoint = ""

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("checkpoint", &checkpoint, check: .notEmpty)
    }

    public func prepare(_ context: GenerationContext) throws -> any PreparedGenerator {
        guard !checkpoint.isEmpty else { throw Failure(.badInput, "targets.checkpoint is empty") }
        let file = try SafetensorsFile(path: checkpoint)
        let description = try ModelDescription(from: file)
        try context.require(description.input, description.classes, of: checkpoint)
        let state = ModelState(try description.model(), in: context.pool)
        guard !state.model.predictsNoise else { throw Failure.badInput(checkpoint, "is a denoiser, no classifier") }
        let isAveraged = file.entries.contains { $0.name.hasPrefix("ema.") }
        try ParameterFiles.load(state.parameters, of: state, from: file, prefix: isAveraged ? "ema." : "")
        try ParameterFiles.loadStatistics(of: state, from: file)
        return ClassifierGradients(state: state, identity: [
            "generator": "robust-model", "classifier": try ParameterFiles.parameterHash(of: file),
        ])
    }
}

private struct ClassifierGradients: PreparedGenerator {
    let state: ModelState
    let identity: [String: String]

    var cost: String { "a forward and \(state.model.classes) backward passes an image" }

    func targets(of images: Tensor, indices: [Int]) -> Tensor {
        let x = images.variable
        var context = state.context(.inference)
        let logProbabilities = state.model(x, &context).logSoftmax()
        let (count, classes) = (indices.count, state.model.classes)
        let seed = Tensor([classes, count, classes], in: images.pool) { out in
            out.update(repeating: 0, count: classes * count * classes)
            for row in 0..<(classes * count) { out[row * classes + row / count] = 1 }
        }
        return gradients(of: logProbabilities, seed: seed, with: [x], releasing: true)[0]
    }
}
