import Autodiff
import Data
import Diffusion
import Formats
import Kernels
import TargetGeneration

/// A denoiser that images with noise of a known size go through before a classifier sees them.
struct ImageDenoising {
    let step: OneStepDenoising
    /// A hash of all that its images depend on.
    let identity: String
    private let path: String

    /// Throws `badInput` for what is no denoiser of such images, or knows no such noise.
    init(
        _ path: String, _ files: InputFiles, for splits: DatasetSplits, sigma: Double, _ products: ProductPrecision
    ) throws {
        self.path = path
        let file = try DenoiserFile(
            path,
            GenerationContext(
                dataset: splits.train, seed: 0, runDirectory: "", files: files, process: DiffusionProcess(),
                pool: MemoryPool(for: Execution(products: products)), progress: {}), anyClasses: true)
        step = try OneStepDenoising(
            NetworkDenoiser(file.state, file.process), file.state.model.normalisation, range: splits.test.range,
            sigma: sigma, name: path)
        identity = file.identity
    }

    /// As results name it.
    var json: JSONValue {
        ["model": JSONValue(name(of: path)), "sha256": JSONValue(identity), "time": JSONValue(step.time)]
    }
}
