import Autodiff
import Data
import Diffusion
import Failures
import Formats
import Kernels
import Models
import Reporting

/// What a trained denoiser draws: samples of every class by both samplers, and without a class.
public struct SamplePictures {
    private let denoiser: NetworkDenoiser
    private let state: ModelState
    private let dataset: any Dataset
    private let seed: UInt64
    private let progress: () -> Void

    /// - Parameters:
    ///   - parameters: what to draw with, such as the average.
    ///   - dataset: what the denoiser was trained on.
    public init(
        _ state: ModelState, parameters: Storage, _ process: DiffusionProcess, like dataset: any Dataset, seed: UInt64,
        progress: @escaping () -> Void
    ) {
        denoiser = NetworkDenoiser(state, parameters: parameters, process)
        self.state = state
        self.dataset = dataset
        self.seed = seed
        self.progress = progress
    }

    /// Draws into `directory`/pictures and lists the pictures there. Throws `inputOutput`.
    /// - Returns: the pictures by name, for other records.
    @discardableResult
    public func write(to directory: String) throws -> [(name: String, image: RasterImage)] {
        let shape = denoiser.input, classNames = dataset.classNames
        guard shape[2] == 1 || shape[2] == 3, dataset.range == pixelRange else { return [] }
        let steps = min(50, denoiser.levels.count)
        let labels = Array(0..<min(10, classNames.count)) + [denoiser.classes]
        let kinds: [(Sampler.Kind, String)] = [(.ddim, "DDIM"), (.ancestral, "ancestral")]
        var tiles: [[RasterImage?]] = [], rows: [String] = []
        for (kind, title) in kinds {
            for round in 0..<2 {
                tiles.append(images(kind, labels, steps: steps, seed: seed &+ UInt64(round)))
                rows.append("\(title) \(round + 1)")
            }
        }
        let names = labels.map { $0 < classNames.count ? Picture.label(classNames[$0]) : "no class" }
        let picture = Picture(
            name: "samples", title: "Samples",
            caption: "Images drawn by the denoiser from pure noise in \(steps) steps, of every class and of none: "
                + "deterministically (DDIM) and with fresh noise at every step (ancestral). The noise of a "
                + "column is the same for both.",
            image: PictureGrid(
                columnLabels: names, rowLabels: rows, tiles: tiles, captions: tiles.map { $0.map { _ in nil } }
            ).render(scale: Picture.scale(height: shape[0], width: shape[1])))
        try Picture.write([picture], to: directory + "/pictures")
        return [(picture.name, picture.image)]
    }

    private func images(_ kind: Sampler.Kind, _ labels: [Int], steps: Int, seed: UInt64) -> [RasterImage?] {
        let pool = MemoryPool(), shape = denoiser.input
        let normalisation = state.model.normalisation
        // Where the darkest and the lightest pixel come to lie, over all channels.
        let bounds = zip(normalisation.mean, normalisation.deviation).flatMap { [-$0 / $1, (1 - $0) / $1] }
        let range = Scalar(bounds.min() ?? -1)...Scalar(bounds.max() ?? 1)
        let sampler = Sampler(kind, steps: steps, range: range, seed: seed)
        let drawn = normalisation.inverted(sampler(denoiser, classes: labels, in: pool, onStep: progress)).array
        return labels.indices.map { place in
            Colours.image(
                Array(drawn[(place * shape.count)..<((place + 1) * shape.count)]), height: shape[0], width: shape[1],
                channels: shape[2])
        }
    }
}
