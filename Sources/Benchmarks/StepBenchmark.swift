import Autodiff
import Formats
import Kernels
import Layers
import Models
import Randomness
import Training

/// What a benchmark measures.
public enum BenchmarkObjective: String, Sendable, CaseIterable {
    /// The aligned-gradient step: cross-entropy and the alignment of all classes' input gradients.
    case pag
    /// A plain cross-entropy step.
    case ce
    /// Inference.
    case infer
}

/// The networks that benchmarks run, by the names of the command line.
public enum BenchmarkModel: String, Sendable, CaseIterable {
    case resnet18, resnet8

    var architecture: any Architecture {
        switch self {
        case .resnet18: ResNet18()
        case .resnet8: ResNet()
        }
    }
}

/// Times forward, gradients and alignment of one shard of random 32x32 colour images on this rank.
public struct StepBenchmark {
    public var model = BenchmarkModel.resnet8
    public var objective = BenchmarkObjective.pag
    public var batch = 64
    public var classes = 10
    public var statistics = StatisticsMode.frozen

    public init() {}

    public func run(seconds: Double) -> JSONValue {
        let pool = MemoryPool(), shape: Shape = [32, 32, 3]
        let network = Model(
            model.architecture, normalisation: .init(mean: [0, 0, 0], deviation: [1, 1, 1]), input: shape, classes: classes)
        let state = ModelState(initialising: network, seed: 1, in: pool)
        var stream = RandomStream(seed: 1, purpose: .test)
        func random(_ shape: Shape) -> Tensor {
            Tensor(shape, in: pool) { out in for i in 0..<shape.count { out[i] = Scalar(stream.uniform()) } }
        }
        let images = random([batch] + shape)
        let labels = (0..<batch).map { $0 % classes }
        let targets = objective == .pag ? random([classes, batch] + shape) : nil
        let shard = LabelledImages(
            images: images, labels: labels, targets: targets,
            classes: targets == nil ? [] : (0..<classes).map { Array(repeating: $0, count: batch) })
        let loss = AlignmentObjective(weight: 1, gradient: .logprob, statistics: statistics)

        func once() {
            switch objective {
            case .pag, .ce: _ = loss.evaluate(shard, state, batch: batch)
            case .infer:
                var context = state.context(.inference)
                _ = network(images, &context)
            }
        }
        let times = timed(seconds: seconds, once)
        return [
            "benchmark": "step", "model": JSONValue(model.rawValue), "objective": JSONValue(objective.rawValue),
            "batch": JSONValue(batch), "classes": JSONValue(classes), "statistics": JSONValue(statistics.rawValue),
            "runs": JSONValue(times.count), "seconds_median": JSONValue(times.median),
            "images_per_s": JSONValue(Double(batch) / times.median),
            "peak_rss_mb": JSONValue(Double(peakResidentBytes()) / 1e6),
            "tensor_peak_mb": JSONValue(Double(pool.usage.peak) / 1e6),
        ]
    }
}
