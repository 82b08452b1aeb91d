import Configuration
import Data
import Formats
import Models
import TargetGeneration

/// Everything that a run is told: the sections of the YAML file, in the order in which they are written out.
public struct RunConfiguration: Configurable {
    public var task = Task.classifier
    /// Of everything that is drawn, but for what `data.seed` says.
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
        if task != loss.kind.task { takeStandards(of: task) }
        try fields.section("model", &model)
        try fields.require(
            loss.kind.trains(model.architecture), "model",
            "is \(model.architecture.predictsNoise ? "a denoising network" : "a classifier"), but task is \(task.rawValue)"
        )
        try fields.section("loss", &loss)
        try fields.require(
            loss.kind.task == task, "loss", "is not of the kind that the task \(task.rawValue) is trained with")
        try fields.section("train", &train)
        try fields.section("monitor", &monitor)
        try fields.section("checkpoint", &checkpoint)
        try fields.section("compute", &compute)
        try fields.section("profile", &profile)
        try fields.section("targets", &targets)
    }

    /// What the sections are where the file says nothing, in a task that is not this configuration's.
    private mutating func takeStandards(of task: Task) {
        guard let objective = objectives.lazy.map(\.standard).first(where: { $0.task == task }) else {
            preconditionFailure("RunConfiguration: no kind of loss for the task \(task.rawValue)")
        }
        loss.kind = objective
        monitor.everyEpochs = objective.standardMonitorEpochs
        if !objective.trains(model.architecture) { model.architecture = objective.standardArchitecture }
    }

    /// What the run minimises at some moment of it; `epoch` counts from 0 and has a fraction.
    public func objective(at epoch: Double) -> any Objective {
        loss.kind.objective(
            with: loss.activeAlignment.map { alignment in
                AlignmentTerm(
                    weight: (alignment.weight ?? 0) * alignment.schedule.factor(epoch: epoch),
                    gradient: alignment.gradient, statistics: alignment.statistics, classChunk: compute.classChunk,
                    imageChunk: compute.imageChunk, memory: compute.memory << 20)
            }, by: loss.alignment.method)
    }

    /// Opens the images of the run. Throws what `TrainingData` throws; `progress` is called now and then.
    public func openData(progress: () -> Void = {}) throws -> TrainingData {
        let splits = try DatasetRegistry.open(data.selection, progress: progress)
        return try TrainingData(splits, division(of: splits), batch: train.batch)
    }

    /// The same for a configuration that nobody wrote, whose batch is lowered to the images that there are.
    public mutating func openDataAndFitBatch() throws -> TrainingData {
        let splits = try DatasetRegistry.open(data.selection), division = division(of: splits)
        train.batch = max(1, min(train.batch, division.trainedOn.count))
        return try TrainingData(splits, division, batch: train.batch)
    }

    /// Which images of the data's training part this run has.
    public func division(of splits: DatasetSplits) -> ImageDivision {
        ImageDivision(
            of: splits.train.count, limit: data.limit, heldOut: data.validation, isWatched: monitor.everyEpochs > 0,
            seed: dataSeed)
    }

    /// Settings that ask for more of the data than there is.
    public func shortfalls(_ data: TrainingData) -> [Shortfall] {
        let classes = loss.activeAlignment?.classesPerImage.count
        let heldOut = data.validation.count, things = "held-out images"
        let aligned = task == .classifier ? monitor.alignmentSamples : nil
        let watching = [
            Shortfall("monitor.samples", monitor.samples, of: things, available: heldOut),
            Shortfall("monitor.alignmentSamples", aligned, of: things, available: heldOut),
        ]
        let drawing = Shortfall(
            "loss.alignment.classesPerImage", classes, of: "classes", available: data.train.classNames.count)
        return data.shortfalls + ([drawing] + (monitor.everyEpochs > 0 ? watching : [])).compactMap(\.self)
    }

    /// This configuration with nothing left open that the data decide.
    /// - Parameter normalize: how the network sees images where the file says nothing; nil: as its kind of loss has it.
    func resolved(for data: TrainingData, normalize: ModelConfiguration.Normalize?) -> RunConfiguration {
        var copy = self
        copy.model.inChannels = model.inChannels ?? data.train.shape.channels
        copy.model.normalize =
            model.normalize ?? normalize
            ?? loss.kind.standardNormalisation(data.splits)
        copy.loss = loss.resolved
        return copy
    }

    /// Files that a training reads besides its data.
    public var inputFiles: [InputFile] {
        model.architecture.files.map { InputFile($0) } + (loss.activeAlignment?.targets.inputFiles ?? [])
    }

    /// What decides which images the run has.
    public var dataSeed: UInt64 { data.seed ?? seed }

    /// This configuration without what may change between a run and its continuation: how long it goes on, how it is
    /// watched, saved and computed, where its files lie, and what it does not use. Files are compared by content, and
    /// the length of a schedule by the learning rates.
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
        copy.compute.products = compute.products
        copy.profile = ProfileConfiguration()
        return copy
    }
}
