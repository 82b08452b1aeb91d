import Autodiff
import Data
import Diffusion
import Failures
import Formats
import Kernels

/// What a generator can know while it is prepared.
public struct GenerationContext {
    /// The whole training split.
    public let dataset: any Dataset
    /// Of all random numbers.
    public let seed: UInt64
    /// The run that the configuration describes, whose newest checkpoint stands where none is named.
    public let runDirectory: String
    /// What the generator's `inputFiles` are.
    public let files: InputFiles
    /// How images became noise for a network whose file does not say it.
    public let process: DiffusionProcess
    /// Where tensors are made.
    public let pool: MemoryPool
    /// To be called now and then, as a block of a large network takes minutes.
    public let progress: () -> Void

    public init(
        dataset: any Dataset, seed: UInt64, runDirectory: String, files: InputFiles, process: DiffusionProcess,
        pool: MemoryPool, progress: @escaping () -> Void
    ) {
        self.dataset = dataset
        self.seed = seed
        self.runDirectory = runDirectory
        self.files = files
        self.process = process
        self.pool = pool
        self.progress = progress
    }

    /// [H, W, C]
    var imageShape: Shape { [dataset.shape.height, dataset.shape.width, dataset.shape.channels] }
    var classes: Int { dataset.classNames.count }

    /// Throws `badInput` unless a network for such images and classes fits the data set; `path` is its file.
    func require(_ input: Shape, _ classes: Int, of path: String) throws {
        guard input == imageShape, classes == self.classes else {
            throw Failure.badInput(
                path, "is for \(classes) classes of images \(input)",
                expected: "\(self.classes) classes of \(imageShape) as in \(dataset.name)")
        }
    }
}
