import Configuration
import Data
import Kernels
import Models
import Perturbations
import TargetGeneration

/// Everything that a run is told: the sections of the YAML file, in the order in which they are written out.
public struct RunConfiguration: Configurable {
    public enum Task: String, Sendable, CaseIterable { case classifier, denoiser }

    public var task = Task.classifier
    public var seed: UInt64 = 1
    public var data = DataConfiguration()
    public var model = ModelConfiguration()
    public var loss = LossConfiguration()
    public var train = TrainConfiguration()
    public var monitor = MonitorConfiguration()
    public var checkpoint = CheckpointConfiguration()
    public var compute = ComputeConfiguration()
    public var profile = ProfileConfiguration()
    public var targets = TargetsConfiguration()

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("task", &task)
        try fields.value("seed", &seed)
        try fields.section("data", &data)
        // What a denoiser's sections are where the file says nothing.
        if task == .denoiser, !denoises {
            loss.objective = Denoising()
            monitor.everyEpochs = 0
            if !model.architecture.predictsNoise { model.architecture = UNet() }
        }
        try fields.section("model", &model)
        try fields.require(
            model.architecture.predictsNoise == (task == .denoiser), "model",
            "is \(task == .denoiser ? "a classifier" : "a denoising network"), but task is \(task.rawValue)")
        try fields.section("loss", &loss)
        try fields.require(
            denoises == (task == .denoiser), "loss",
            "is not of the kind that the task \(task.rawValue) is trained with")
        try fields.section("train", &train)
        try fields.section("monitor", &monitor)
        try fields.section("checkpoint", &checkpoint)
        try fields.section("compute", &compute)
        try fields.section("profile", &profile)
        try fields.section("targets", &targets)
    }

    /// The input normalisation where the model section has none: the data set's constants; for a denoiser, whose noise
    /// has to cover the data, [0, 1] becomes [-1, 1].
    public func standardNormalisation(_ splits: DatasetSplits) -> ModelConfiguration.Normalize {
        guard task == .denoiser else { return .init(mean: splits.mean, std: splits.deviation) }
        let half = Array(repeating: 0.5, count: splits.mean.count)
        return .init(mean: half, std: half)
    }

    /// What decides which images the run has.
    public var dataSeed: UInt64 { data.seed ?? seed }

    private var denoises: Bool { loss.objective is Denoising }

    /// This configuration without what may change between a run and its continuation: how long it goes on, how it is
    /// watched, saved and computed, where its files lie, and what it does not use. Files are compared by content, and the
    /// length of a schedule by the learning rates.
    public var trajectory: RunConfiguration {
        var copy = self
        copy.loss.alignment = loss.activeAlignment ?? AlignmentConfiguration()
        copy.loss.alignment.targets = copy.loss.alignment.targets.withoutPlaces
        copy.data = DataConfiguration()
        copy.data.augment = data.augment
        copy.train.epochs = 1
        copy.train.schedule.epochs = nil
        copy.monitor = MonitorConfiguration()
        copy.checkpoint = CheckpointConfiguration()
        copy.targets = TargetsConfiguration()
        copy.compute = ComputeConfiguration()
        copy.profile = ProfileConfiguration()
        return copy
    }
}

public struct DataConfiguration: Configurable {
    public struct Augment: Configurable {
        /// Pixels of zero padding out of which an image-sized window is cut at random.
        public var crop = 0
        public var flip = false
        public init() {}
        public mutating func visit(_ fields: inout FieldVisitor) throws {
            try fields.value("crop", &crop, in: 0...64)
            try fields.value("flip", &flip)
        }
    }

    public var dataset = "digits"
    /// The classes that are taken, by name or number, in the order of their new numbers; null: all.
    public var classes: [String]?
    /// [height, width] that all images are resized to; null: they are taken as they are.
    public var resize: [Int]?
    /// Of arrays whose shape does not tell where the channels stand.
    public var channels: ChannelOrder?
    public var augment = Augment()
    /// The first N training images of the epoch-independent order; null: all.
    public var limit: Int?
    /// Of the epoch-independent order, and of data that are made up; null: the run's. Runs of several seeds on the same
    /// images, which share a file of targets, set it.
    public var seed: UInt64?
    /// Training images held out for the monitor, beyond the first `limit`; null: a tenth of what is trained on, at most
    /// 1,000, and none without a monitor.
    public var validation: Int?

    public init() {}

    /// Which data, and what of them.
    public var selection: DataSelection {
        DataSelection(
            dataset, classes: classes, size: resize.map { ImageSize(height: $0[0], width: $0[1]) }, channels: channels)
    }

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("dataset", &dataset, check: .notEmpty)
        try fields.optional("classes", &classes, count: 2...10_000)
        try fields.optional("resize", &resize, count: 2...2, check: .within(1...4096))
        try fields.optional("channels", &channels)
        try fields.section("augment", &augment, orNull: Augment())
        try fields.optional("limit", &limit, check: .positive)
        try fields.optional("seed", &seed)
        try fields.optional("validation", &validation, check: .notNegative)
    }
}

public struct MonitorConfiguration: Configurable {
    /// Epochs between two evaluations on held-out images; 0: never.
    public var everyEpochs = 1
    /// Of classifiers; a denoiser is watched by its error, and has no monitor unless it is told to.
    public var attack = "pgd"
    public var norm = ThreatModel.Norm.l2
    public var epsilon = PixelDistance(0.5)
    public var steps = 7
    public var samples = 1000
    /// Held-out images on which the cosines between input and target gradients are measured; 0: none.
    public var alignmentSamples = 100

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("everyEpochs", &everyEpochs, check: .notNegative)
        try fields.value("attack", &attack, check: .notEmpty)
        try fields.value("norm", &norm)
        try fields.value("epsilon", &epsilon, check: .positive)
        try fields.value("steps", &steps, in: 1...10_000)
        try fields.value("samples", &samples, check: .positive)
        try fields.value("alignmentSamples", &alignmentSamples, check: .notNegative)
    }
}

public struct CheckpointConfiguration: Configurable {
    /// Steps between two checkpoints; 0: only at the end and on request.
    public var everySteps = 500
    /// Numbered checkpoints that are kept; the best one is kept besides.
    public var keep = 3

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("everySteps", &everySteps, check: .notNegative)
        try fields.value("keep", &keep, in: 1...1000)
    }
}

public struct ComputeConfiguration: Configurable {
    /// Mebibytes for what the input gradients of one shard keep. Where those of all classes do not fit, they are taken
    /// in chunks, and one stream more is computed.
    public var memory = 1024
    /// Classes whose gradients are differentiated at one time; null: what is fastest within `memory`.
    public var classChunk: Int?
    /// Images of a shard, likewise. Where statistics couple images they go together whatever this says.
    public var imageChunk: Int?
    /// `auto`: the fastest method for each shape; `blas`: patches and matrix products for all, the reference.
    public var convolution = ConvolutionPreference.auto
    /// Whether gradients travel between ranks while the backward pass goes on. The bits are the same.
    public var overlap = true
    /// Steps between comparisons of all ranks' parameters; 0: never.
    public var replicaCheckEvery = 100
    /// Stops at the first operation that gives a non-finite number, naming it. Slow; for debugging.
    public var trapNonFinite = false
    /// Seconds without progress after which the job is ended; 0: never.
    public var watchdog = 600.0

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("memory", &memory, in: 1...(1 << 20))
        try fields.optional("classChunk", &classChunk, check: .positive)
        try fields.optional("imageChunk", &imageChunk, check: .positive)
        try fields.value("convolution", &convolution)
        try fields.value("overlap", &overlap)
        try fields.value("replicaCheckEvery", &replicaCheckEvery, check: .notNegative)
        try fields.value("trapNonFinite", &trapNonFinite)
        try fields.value("watchdog", &watchdog, check: .notNegative)
    }
}

public struct ProfileConfiguration: Configurable {
    /// A file for a timeline of the first steps, for chrome://tracing or Perfetto; one more for every further rank.
    public var trace: String?
    /// How many steps it shows.
    public var steps = 5

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.optional("trace", &trace, check: .notEmpty)
        try fields.value("steps", &steps, in: 1...1000)
    }
}
