import Autodiff
import Figures
import Kernels
import Layers
import Models

/// The mean squared error over a batch, each image at a time step of its own.
struct DenoisingObjective: Objective {
    let error: DenoisingError

    var figures: [StepFigure] { Figure.errorByNoiseLevel.map { StepFigure($0) } }
    var commitsStatistics: Bool { false }

    func evaluate(
        _ shard: LabelledImages, _ state: ModelState, parameters: [Tensor]?, batch: Int,
        gradients receive: (Int, Tensor) throws -> Void
    ) rethrows -> ShardResult {
        let parameters = (parameters ?? state.tensors(of: state.parameters)).map(\.variable)
        var context = state.context(.training, parameters: parameters)
        let (errors, times) = error(shard, state.model, &context) { shard.keys.stream(.diffusion, row: $0) }
        let loss = errors.total() * (1 / Scalar(batch))

        var figures = FigureSums(images: shard.labels.count)
        for (time, squared) in zip(times, errors.array) { figures.add(error.figure(at: time), Double(squared), of: 1) }
        let result = ShardResult(loss: loss.item, figures: figures, seen: [])
        try deliverGradients(of: loss, with: parameters, releasing: true, to: receive)
        return result
    }
}
