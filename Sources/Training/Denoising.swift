import Autodiff
import Configuration
import Diffusion
import Kernels
import Layers
import Models

/// The kind of `loss` that trains a denoiser: the squared error of its prediction at a random noise level, the label
/// now and then replaced by the empty class, so that one network knows p(x_t | y) and p(x_t) (Ho and Salimans 2022).
public struct Denoising: ObjectiveConfiguration {
    public var process = DiffusionProcess()
    /// The probability that an image's label is dropped.
    public var labelDropping = 0.1

    public let title = "denoising"
    public var standardAlignmentWeight: Double? { nil }

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try process.visit(&fields)
        try fields.value("labelDropping", &labelDropping, in: 0...1)
    }

    public func objective(of run: RunConfiguration, at epoch: Double) -> any Objective {
        DenoisingObjective(denoising: self)
    }

    /// The mean squared error of each image's prediction, [B].
    func errors(of predicted: Tensor, _ shown: NoisyImages) -> Tensor {
        let error = predicted - shown.wanted(process.prediction, process.levels)
        return error.productSum(error, axes: [-3, -2, -1]) * (1 / Scalar(predicted.shape.dropFirst().count))
    }
}

private struct DenoisingObjective: Objective {
    let denoising: Denoising

    var commitsStatistics: Bool { false }

    func evaluate(
        _ shard: LabelledImages, _ state: ModelState, parameters: [Tensor]?, batch: Int,
        gradients receive: (Int, Tensor) throws -> Void
    ) rethrows -> ShardResult {
        let model = state.model, count = shard.labels.count, levels = denoising.process.levels
        let shown = NoisyImages(
            model.normalisation(shard.images), labels: shard.labels, emptyClass: model.classes,
            labelDropping: denoising.labelDropping, levels: levels
        ) { shard.keys.stream(.diffusion, row: $0) }
        let parameters = (parameters ?? state.tensors(of: state.parameters)).map(\.variable)
        var context = state.context(.training, parameters: parameters)
        let predicted = model.prediction(for: shown.noisy, shown.conditioning, &context)
        let perImage = denoising.errors(of: predicted, shown)
        let loss = perImage.total() * (1 / Scalar(batch))

        var result = ShardResult(loss: loss.item, parts: LossParts(images: count), seen: [])
        for (time, squared) in zip(shown.times, perImage.array) {
            result.parts.denoising[LossParts.noiseLevel(time, of: levels)].add(Double(squared))
        }
        try deliverGradients(of: loss, with: parameters, releasing: true, to: receive)
        return result
    }
}

extension RunConfiguration {
    /// How images become noise in this run, if it trains a denoiser.
    public var diffusion: DiffusionProcess? { (loss.objective as? Denoising)?.process }
}
