import Autodiff
import Diffusion
import Figures
import Kernels
import Layers
import Models
import Randomness

/// The error of a denoiser's prediction, image by image.
struct DenoisingError: Sendable {
    let process: DiffusionProcess
    let labelDropping: Double

    /// The mean squared error of each image's prediction, [B], and the time steps at which it was asked for. `stream`
    /// gives the random numbers of the image in a row.
    func callAsFunction(
        _ images: LabelledImages, _ model: Model, _ context: inout ForwardContext, stream: (Int) -> RandomStream
    ) -> (errors: Tensor, times: [Int]) {
        let shown = NoisyImages(
            model.normalisation(images.images), labels: images.labels, emptyClass: model.classes,
            labelDropping: labelDropping, levels: process.levels, stream: stream)
        let predicted = model.prediction(for: shown.noisy, shown.conditioning, &context)
        let error = predicted - shown.wanted(process.prediction, process.levels)
        return (
            error.productSum(error, axes: [-3, -2, -1]) * (1 / Scalar(predicted.shape.dropFirst().count)), shown.times
        )
    }

    /// The figure that an error at a time step belongs to.
    func figure(at time: Int) -> Figure {
        Figure.errorByNoiseLevel[time * Figure.errorByNoiseLevel.count / process.levels.count]
    }
}
