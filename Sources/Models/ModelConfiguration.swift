import Autodiff
import Configuration
import Failures
import Kernels
import Layers

/// The `model` section.
public struct ModelConfiguration: Configurable {
    /// Mean and deviation a channel that the network applies to images in [0, 1].
    public struct Normalize: Configurable {
        /// Subtracted first; of images in [0, 1].
        public var mean: [Double] = [0]
        /// Divided by.
        public var std: [Double] = [1]
        public init() {}
        /// One of each a channel.
        public init(mean: [Double], std: [Double]) {
            self.mean = mean
            self.std = std
        }
        public mutating func visit(_ fields: inout FieldVisitor) throws {
            try fields.value("mean", &mean, count: 1...64)
            try fields.value("std", &std, count: 1...64, check: .positive)
            try fields.require(mean.count == std.count, "std", "\(std.count) values beside \(mean.count) of mean")
        }
    }

    /// The network's `kind` and its settings.
    public var architecture: any Architecture = ResNet()
    /// Null: the images'.
    public var inChannels: Int?
    /// Null: in a training what its kind of loss takes for the data, for a classifier their constants; elsewhere images go
    /// into the network as they are.
    public var normalize: Normalize?

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.kind("kind", &architecture, ModelRegistry.kinds)
        try fields.optional("inChannels", &inChannels, in: 1...64)
        try fields.optional("normalize", &normalize)
    }

    /// The network for images of shape `input` ([H, W, C]). Throws `badInput` where `normalize` or `inChannels` are
    /// for other images, and where this machine cannot hold the parameters.
    public func model(input: Shape, classes: Int) throws -> Model {
        if let inChannels, inChannels != input[-1] {
            throw Failure(.badInput, "model.inChannels is \(inChannels), but the images have \(input[-1]) channels")
        }
        let mean = normalize?.mean ?? Array(repeating: 0, count: input[-1])
        let std = normalize?.std ?? Array(repeating: 1, count: input[-1])
        guard mean.count == input[-1] else {
            throw Failure(.badInput, "model.normalize has \(mean.count) values, but the images \(input[-1]) channels")
        }
        guard zip(mean, std).allSatisfy({ Scalar($0).isFinite && $1 > 0 && Scalar(1 / $1).isFinite }) else {
            throw Failure(
                .badInput,
                "the input normalisation, mean \(mean) and deviation \(std), leaves no finite images; set "
                    + "model.normalize")
        }
        if let problem = architecture.problem(with: input, classes: classes) { throw Failure(.badInput, problem) }
        let model = Model(
            try architecture.opened(input: input, classes: classes),
            normalisation: InputNormalisation(mean: mean, deviation: std), input: input, classes: classes)
        try model.requireMemory(vectors: 1)
        return model
    }
}
