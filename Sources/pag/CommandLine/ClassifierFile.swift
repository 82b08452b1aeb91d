import Autodiff
import Checkpoints
import Failures
import Formats
import Kernels
import Models

/// A classifier as commands read it from a checkpoint.
struct ClassifierFile {
    let classifier: Classifier
    let file: SafetensorsFile

    /// Throws `badInput` for what is no checkpoint of a classifier.
    init(_ path: String, ema: Bool, products: ProductPrecision = .float32) throws {
        file = try SafetensorsFile(path: path)
        let pool = MemoryPool(for: Execution(products: products))
        let state = try ParameterFiles.network(
            try ModelDescription(from: file), from: file, ema ? .average : .last, in: pool)
        guard !state.model.predictsNoise else { throw Failure.badInput(path, "is a denoiser, expected a classifier") }
        classifier = Classifier(state)
    }
}
