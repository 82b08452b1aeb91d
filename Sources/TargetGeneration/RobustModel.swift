import Autodiff
import Checkpoints
import Configuration
import Failures
import Formats
import Kernels
import Models

/// g(x, t) = ∇ log p_t(x) of a given classifier, a robust one say: its gradients as another's targets.
struct RobustModel: TargetGenerator {
    /// A checkpoint of a classifier.
    var checkpoint = ""

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("checkpoint", &checkpoint, check: .notEmpty)
    }

    func inputFiles(runDirectory: String) -> [InputFile] {
        checkpoint.isEmpty ? [] : [InputFile(checkpoint, .classifier)]
    }

    func prepare(_ context: GenerationContext) throws -> any PreparedGenerator {
        guard !checkpoint.isEmpty else { throw Failure(.badInput, "targets.checkpoint is empty") }
        let file = try SafetensorsFile(path: context.files[InputFile(checkpoint, .classifier)])
        let description = try ModelDescription(from: file)
        try context.require(description.input, description.classes, of: checkpoint)
        let state = try ParameterFiles.network(description, from: file, .evaluated, in: context.pool)
        guard !state.model.predictsNoise else { throw Failure.badInput(checkpoint, "is a denoiser, no classifier") }
        return ClassifierGradients(
            state: state,
            identity: [
                "generator": "robust-model",
                "classifier": try ParameterFiles.parameterHash(of: file, withAverage: true),
            ])
    }
}

private struct ClassifierGradients: PreparedGenerator {
    let state: ModelState
    let identity: [String: String]

    var survey: ScoreSurvey? { nil }
    var cost: String { "a forward and \(state.model.classes) backward passes an image" }

    func targets(of images: Tensor, indices: [Int]) -> Tensor {
        var context = state.context(.inference)
        return state.inputGradient(
            of: images, in: &context, of: { $0.logSoftmax() }, cotangent: { $0.classCotangents }
        ).gradient
    }
}
