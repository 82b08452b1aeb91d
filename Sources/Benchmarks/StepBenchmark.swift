import Autodiff
import Distributed
import Evaluation
import Formats
import Kernels
import Layers
import Models
import Tracing
import Training

/// Times whole steps on random 32x32 colour images: every rank evaluates its shards of `batch` images, the gradients
/// are summed over ranks, and the parameters are updated. Reading images and targets is not part of it.
public struct StepBenchmark: Sendable {
    /// The network, with random parameters.
    public var model = BenchmarkModel.resnet8
    /// What a step does with it.
    public var objective = BenchmarkObjective.pag
    /// Images of one shard.
    public var batch = 16
    /// Logits an image, and target gradients.
    public var classes = 10
    /// BatchNorm's in the input gradients of `pag`.
    public var statistics = StatisticsMode.frozen
    /// Classes whose gradients are differentiated at one time; nil: as training chooses.
    public var classChunk: Int?
    /// Images, likewise.
    public var imageChunk: Int?
    /// Bytes for the graphs of a shard's input gradients.
    public var memory = 1 << 30

    /// What factors of products are rounded to.
    public var products = ProductPrecision.float32

    public init() {}

    /// One line for all ranks. Collective.
    public func run(over communicator: any Communicator, seconds: Double) throws -> JSONValue {
        let figures = try RunFigures(communicator)
        let network = try model.network(classes: classes), operations = OperationCount(network).step(objective)
        let pool = MemoryPool(for: Execution(products: products))
        let work = try StepWork(self, network, communicator, in: pool)
        var total = Times(), parts: [StepWork.Seconds] = []
        try repeated(over: communicator, seconds: seconds) { counts in
            try total.add(if: counts) {
                let seconds = try work.step()
                if counts { parts.append(seconds) }
            }
        }
        let images = batch * work.shards, rate = Double(images) / total.median

        var members: [JSONValue.Member] = [
            .init("model", JSONValue(model.name)), .init("objective", JSONValue(objective.rawValue)),
            .init("batch", JSONValue(batch)), .init("shards", JSONValue(work.shards)),
            .init("input", JSONValue(model.input.extents)), .init("classes", JSONValue(classes)),
            .init("products", JSONValue(products.rawValue)),
        ]
        if objective == .pag { members.append(.init("statistics", JSONValue(statistics.rawValue))) }
        members += total.members
        members.append(.init("images_per_s", figure(rate)))
        if objective != .infer {
            let summing = parts.map(\.summing), steps = total.seconds.reduce(0, +)
            // In each step some rank comes last and waits for none: what is left is the sum itself.
            let last = try communicator.combineValues(summing, min)
            members += [
                .init(
                    "seconds_computing",
                    spread(try communicator.allGatherValue(Quantiles(parts.map(\.computing)).median))),
                .init("seconds_summing", figure(summing.reduce(0, +) / Double(parts.count))),
                .init("summing_share", figure(summing.reduce(0, +) / steps)),
                .init("summing_share_of_last", figure(last.reduce(0, +) / steps)),
                .init("seconds_updating", figure(Quantiles(parts.map(\.updating)).median)),
                .init("bytes_summed", JSONValue(network.parameterCount * MemoryLayout<Scalar>.stride)),
            ]
        }
        let usage = pool.usage
        members.append(.init("tensor_peak_mb", figure(Double(usage.peak) * 1e-6)))
        members.append(.init("tensor_reserved_mb", figure(Double(usage.reserved) * 1e-6)))
        return line("step", members, try figures.members(communicator, operationsPerSecond: rate * operations))
    }
}

/// The parts of a step that are timed apart.
private final class StepWork {
    struct Seconds {
        var computing = 0.0, summing = 0.0, updating = 0.0
    }

    /// Of all ranks together: as many as ranks, or the next power of two.
    let shards: Int
    private let benchmark: StepBenchmark
    private let state: ModelState
    private let classifier: Classifier
    private let optimizer: any Optimizer
    private let reduction: TreeReduction
    private let shard: LabelledImages
    private let loss: ClassificationObjective
    /// Where each parameter's gradient begins in the vector.
    private let offsets: [Int]

    init(_ benchmark: StepBenchmark, _ network: Model, _ communicator: any Communicator, in pool: MemoryPool) throws {
        let (batch, classes) = (benchmark.batch, benchmark.classes), input = benchmark.model.input
        self.benchmark = benchmark
        state = ModelState(initialising: network, seed: 1, in: pool)
        classifier = Classifier(state)
        optimizer = SGD().make(for: network.parameters.map(\.shape), in: pool)
        // The statistics stand first, as in training: the end of the vector travels first.
        offsets = network.parameters.map(\.shape.count).reduce(into: [network.statisticsCount]) {
            $0.append($0[$0.count - 1] + $1)
        }.dropLast()
        shards = 1 << (Int.bitWidth - (communicator.size - 1).leadingZeroBitCount)
        reduction = try TreeReduction(
            communicator, tree: ShardTree(shards: shards), count: network.parameterCount + network.statisticsCount)
        let seed = UInt64(communicator.rank)
        let targets =
            benchmark.objective == .pag
            ? randomTensor([classes, batch] + input, seed: seed + 1 << 32, in: pool) : nil
        shard = LabelledImages(
            images: randomTensor([batch] + input, seed: seed, in: pool), labels: (0..<batch).map { $0 % classes },
            targets: targets, classes: targets == nil ? [] : (0..<classes).map { Array(repeating: $0, count: batch) })
        loss = ClassificationObjective(
            AlignedGradients(),
            with: targets.map { _ in
                AlignmentTerm(
                    weight: 1, gradient: .logprob, statistics: benchmark.statistics, classChunk: benchmark.classChunk,
                    imageChunk: benchmark.imageChunk, memory: benchmark.memory)
            })
    }

    func step() throws -> Seconds {
        let start = monotonicSeconds()
        if benchmark.objective == .infer {
            for _ in reduction.shards {
                _ = classifier.logits(shard.images)
            }
            return Seconds(computing: monotonicSeconds() - start)
        }
        let parameters = state.tensors(of: state.parameters)
        var computed = start
        for place in reduction.shards {
            guard let vector = reduction.beginShard().baseAddress else { continue }
            // As in training, the last shard's gradient travels while it is computed.
            var gradient = ShardGradient(vector, offsets: offsets, overlapping: reduction)
            let result = try loss.evaluate(shard, state, parameters: parameters, batch: benchmark.batch * shards) {
                try gradient.receive($0, $1)
            }
            write(result, to: vector)
            if place == reduction.shards.last { computed = monotonicSeconds() }
            try reduction.endShard()
        }
        let sums = try reduction.finish()
        let summed = monotonicSeconds()
        if let vector = sums.baseAddress {
            // So small a rate that the loss stays what it is for as long as one may measure.
            optimizer.update(
                state.parameters.pointer, gradient: vector + state.statistics.count, rate: 1e-6, step: 0)
            state.commit(seen: vector)
        }
        return Seconds(computing: computed - start, summing: summed - computed, updating: monotonicSeconds() - summed)
    }

    private func write(_ result: ShardResult, to vector: Destination) {
        guard benchmark.statistics != .eval || benchmark.objective == .ce else {
            return vector.update(from: state.statistics.pointer, count: state.statistics.count)
        }
        var place = vector
        let share = 1 / Scalar(shards)
        for case let seen? in result.seen {
            for statistic in [seen.mean, seen.variance] {
                for i in 0..<statistic.shape.count { place[i] = statistic.pointer[i] * share }
                place += statistic.shape.count
            }
        }
    }
}
