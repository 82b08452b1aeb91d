import Autodiff
import Data
import Distributed
import Failures
import Figures
import Kernels
import Layers
import Models
import Targets
import Tracing

/// What a step did, the same on every rank.
public struct StepReport: Sendable {
    /// Counted from 0.
    public var step: Int
    /// Counted from 0.
    public var epoch: Int
    /// The mean over the batch of all that was minimised.
    public var loss: Double
    /// What the objective says of all shards.
    public var figures: FigureSums
    /// That the step was taken with.
    public var learningRate: Double
    /// L2, of the whole gradient before clipping.
    public var gradientNorm: Double
    /// Whether any rank was asked to stop.
    public var stopRequested: Bool
    /// Places in the training set of the images of every shard whose loss or gradient was not finite.
    public var nonFiniteImages: [Int]

    /// Whether the step was taken: one with a number that is not finite changes nothing.
    public var isFinite: Bool { nonFiniteImages.isEmpty && loss.isFinite && gradientNorm.isFinite }
}

/// One step of data-parallel training, from a batch's place in the epoch to changed parameters.
public final class TrainingStep {
    /// What the objective says of every step.
    public let figures: [StepFigure]
    private let configuration: RunConfiguration
    private let data: TrainingData
    private let loader: BatchLoader
    private let targets: TargetLoader?
    private let stop: StopRequest
    private let communicator: any Communicator
    private let reduction: TreeReduction
    private let layout: StepVector
    private let pool: MemoryPool
    private var order: (epoch: Int, batches: [ArraySlice<Int>])?

    /// Collective. `targets` is nil for training without the alignment term.
    public init(
        _ configuration: RunConfiguration, data: TrainingData, targets: TargetLoader?, model: Model,
        communicator: any Communicator, stop: StopRequest, pool: MemoryPool
    ) throws {
        let train = configuration.train
        self.configuration = configuration
        self.data = data
        self.targets = targets
        self.communicator = communicator
        self.stop = stop
        self.pool = pool
        loader = BatchLoader(
            dataset: data.train, seed: configuration.seed,
            augmentation: Augmentation(crop: configuration.data.augment.crop, flip: configuration.data.augment.flip))
        figures = configuration.objective(at: 0).figures
        layout = StepVector(
            figures: figures.map(\.figure), parameters: model.parameters.map(\.shape.count),
            statistics: model.statisticsCount, shards: train.shards)
        reduction = try TreeReduction(communicator, tree: ShardTree(shards: train.shards), count: layout.count)
    }

    /// One step, which changes the state unless a number in it is not finite. Collective. Throws what messages throw,
    /// and `checkFailed` where operations are watched and one gave what is not finite.
    public func callAsFunction(_ state: TrainingState) throws -> StepReport {
        let train = configuration.train, trace = pool.execution.trace
        let stepsPerEpoch = data.stepsPerEpoch(batch: train.batch), epoch = state.step / stepsPerEpoch
        let batch = batches(of: epoch)[state.step % stepsPerEpoch]
        let objective = configuration.objective(at: Double(state.step) / Double(stepsPerEpoch))

        let parameters = state.network.tensors(of: state.network.parameters)
        for shard in reduction.shards {
            communicator.heartbeat.beat("training", step: state.step)
            let indices = batch.dropFirst(shard * train.shard).prefix(train.shard)
            let images = try trace.span(.phase, "load images") { try load(indices, epoch: epoch) }
            let vector = start(reduction.beginShard())
            var gradient = ShardGradient(
                vector, offsets: layout.parameters, overlapping: configuration.compute.overlap ? reduction : nil)
            let result = try trace.span(.phase, "loss and gradients") {
                try objective.evaluate(images, state.network, parameters: parameters, batch: train.batch) {
                    index, part in
                    try trace.span(.communication, "hand over a gradient") { try gradient.receive(index, part) }
                }
            }
            write(result, isFinite: gradient.isFinite, shard: shard, to: vector)
            try reduction.endShard()
        }
        let sums = start(try trace.span(.communication, "sum over ranks") { try reduction.finish() })
        try checkOperations(state.step)
        let norm = gradientNorm(sums)
        let (loss, figures) = layout.read(sums)
        let rate = train.schedule.rate(
            train.optimizer.lr, step: state.step, of: stepsPerEpoch * train.epochs, epochs: train.epochs)
        let report = StepReport(
            step: state.step, epoch: epoch, loss: loss, figures: figures, learningRate: rate, gradientNorm: norm,
            stopRequested: sums[layout.stopRequested] > 0, nonFiniteImages: nonFiniteImages(sums, batch))
        if report.isFinite {
            if let clip = train.clip, norm > clip { scale(sums, by: Scalar(clip / norm)) }
            trace.span(.phase, "update") {
                state.optimizer.update(
                    state.network.parameters.pointer, gradient: sums + layout.gradient.lowerBound, rate: rate,
                    step: state.step)
                updateAverage(state)
            }
            if objective.commitsStatistics { state.network.commit(seen: sums + layout.statistics.lowerBound) }
        }
        state.step += 1
        return report
    }

    // MARK: Parts of the step, in its order

    private func batches(of epoch: Int) -> [ArraySlice<Int>] {
        if let order, order.epoch == epoch { return order.batches }
        let batches = EpochOrder(seed: configuration.seed, epoch: epoch, count: data.train.count)
            .batches(batchSize: configuration.train.batch)
        order = (epoch, batches)
        return batches
    }

    private func load(_ indices: ArraySlice<Int>, epoch: Int) throws -> LabelledImages {
        let shape = data.train.shape, image: Shape = [shape.height, shape.width, shape.channels]
        var labels: [Int] = [], placements: [Placement] = []
        let images = Tensor([indices.count] + image, in: pool) {
            loader.load(indices: indices, epoch: epoch, into: $0, labels: &labels, placements: &placements)
        }
        let keys = ImageKeys(seed: configuration.seed, epoch: epoch, indices: Array(indices))
        guard let targets else {
            return LabelledImages(images: images, range: data.train.range, labels: labels, keys: keys)
        }
        let classes = targets.classes(of: indices, epoch: epoch)
        let gradients = Tensor([classes.count, indices.count] + image, in: pool) {
            targets.load(indices, classes: classes, placements: placements, into: $0)
        }
        return LabelledImages(
            images: images, range: data.train.range, labels: labels, targets: gradients, classes: classes, keys: keys)
    }

    private func start(_ vector: UnsafeMutableBufferPointer<Scalar>) -> Destination {
        guard let start = vector.baseAddress else { preconditionFailure("TrainingStep: an empty vector") }
        return start
    }

    /// What a shard's vector holds besides the gradient.
    private func write(_ result: ShardResult, isFinite: Bool, shard: Int, to vector: Destination) {
        vector.update(repeating: 0, count: layout.gradient.lowerBound)
        layout.write(loss: result.loss, result.figures, to: vector)
        vector[layout.nonFinite.lowerBound + shard] = isFinite && result.loss.isFinite ? 0 : 1
        vector[layout.stopRequested] = stop.isPending ? 1 : 0
        // Each shard's statistics count alike: their mean over shards is what is committed.
        let share = 1 / Scalar(configuration.train.shards)
        var place = vector + layout.statistics.lowerBound
        for seen in result.seen {
            guard let seen else { continue }
            for statistic in [seen.mean, seen.variance] {
                for (i, value) in statistic.array.enumerated() { place[i] = value * share }
                place += statistic.shape.count
            }
        }
    }

    /// Whether any rank's operations gave what is not finite: all of them end with the same failure.
    private func checkOperations(_ step: Int) throws {
        guard configuration.compute.trapNonFinite else { return }
        let operations = try communicator.allGather(Array((pool.execution.trap?.firstOperation ?? "").utf8))
        guard let first = operations.first(where: { !$0.isEmpty }) else { return }
        let operation = String(decoding: first, as: UTF8.self)
        throw Failure(.checkFailed, "step \(step): operation \"\(operation)\" gave a number that is not finite")
    }

    private func gradientNorm(_ sums: Source) -> Double {
        let gradient = sums + layout.gradient.lowerBound
        return doubleSum(layout.gradient.count) { Double(gradient[$0]) * Double(gradient[$0]) }.squareRoot()
    }

    private func nonFiniteImages(_ sums: Source, _ batch: ArraySlice<Int>) -> [Int] {
        let size = configuration.train.shard
        return layout.nonFinite.enumerated().flatMap { shard, place in
            sums[place] == 0 ? [] : Array(batch.dropFirst(shard * size).prefix(size))
        }
    }

    private func scale(_ sums: Destination, by factor: Scalar) {
        for i in layout.gradient { sums[i] *= factor }
    }

    private func updateAverage(_ state: TrainingState) {
        guard let average = state.average, let decay = configuration.train.ema else { return }
        let keep = Scalar(decay), take = Scalar(1 - decay), parameters = state.network.parameters.pointer
        for i in 0..<average.count { average.pointer[i] = keep * average.pointer[i] + take * parameters[i] }
    }
}
