import Autodiff
import Data
import Distributed
import Failures
import Kernels

/// The samples of an evaluation, the first images of a data set, worked on block by block by all ranks, which then
/// share what came of it.
final class DistributedSamples {
    let dataset: any Dataset
    let count: Int
    let communicator: any Communicator
    private let batch: Int
    private let work: WorkQueue
    private let stop: StopRequest?
    private let progress: (EvaluationProgress) -> Void
    /// Activations of one block; used again by the next.
    private let pool = MemoryPool()
    private var forecast: Forecast?

    /// - Parameters:
    ///   - batch: most samples that go through a network at once.
    ///   - stop: once it is pending, ranks begin no further block.
    ///   - progress: called on rank 0.
    init(
        of dataset: any Dataset, count: Int, batch: Int, over communicator: any Communicator, stop: StopRequest?,
        progress: @escaping (EvaluationProgress) -> Void
    ) {
        self.dataset = dataset
        self.count = count
        self.communicator = communicator
        self.batch = batch
        self.stop = stop
        self.progress = progress
        work = WorkQueue(communicator)
    }

    /// `body`'s value for each of the samples `among`, nil for the others. Collective; the same on every rank.
    /// Throws `stoppedOnRequest` on all ranks if one was asked to stop.
    /// - Parameters:
    ///   - stage: what is being done, for people.
    ///   - passes: most passes through the network for one block.
    func values<Value: BitwiseCopyable>(
        stage: String, passes: Int = 1, among: [Bool], _ body: (AttackBatch) throws -> [Value]
    ) throws -> [Value?] {
        let asked = among.indices.filter { among[$0] }
        guard let first = asked.first else { return among.map { _ in nil } }
        let blocks = SampleBlocks(asked, ranks: communicator.size, batch: batch)
        forecast = Forecast(stage: stage, total: asked.count, passesPerBlock: max(1, passes))
        defer { forecast = nil }
        communicator.heartbeat.beat("evaluation", step: first)
        var mine: [Found<Value>] = []
        var isStopped = false
        try work.run(blocks) { number, samples in
            isStopped = isStopped || stop?.isPending == true
            if isStopped { return }
            communicator.heartbeat.beat("evaluation", step: samples[0])
            forecast?.begin(before: blocks.start(number), count: samples.count)
            let result = try body(load(samples))
            mine += zip(samples, result).map { Found(sample: $0, value: $1) }
            if communicator.rank == 0, let report = forecast?.end() { progress(report) }
        }
        if try communicator.anyRank(isStopped) {
            throw Failure(.stoppedOnRequest, "stopped on request; run again to go on from what has been found")
        }
        return try together(mine, stage: stage, among: among)
    }

    /// `body`'s flag for each of the samples `among`, false for the others. Collective; throws as `values` does.
    func flags(stage: String, among: [Bool], _ body: (AttackBatch) throws -> [Bool]) throws -> [Bool] {
        try values(stage: stage, among: among, body).map { $0 ?? false }
    }

    /// Some of the samples. `images` live in memory that the next block uses again.
    func load(_ samples: [Int]) -> AttackBatch {
        AttackBatch(
            images: dataset.tensor(of: samples, in: pool), labels: samples.map { dataset.label($0) }, indices: samples)
    }

    /// To be called after each pass through a network, as a sign of life.
    func passDone() {
        communicator.heartbeat.beat()
        if communicator.rank == 0, let report = forecast?.passDone() { progress(report) }
    }

    private struct Found<Value: BitwiseCopyable>: BitwiseCopyable {
        let sample: Int
        let value: Value
    }

    /// All ranks' values, which must be one of each of the samples `among`.
    private func together<Value: BitwiseCopyable>(
        _ mine: [Found<Value>], stage: String, among: [Bool]
    ) throws -> [Value?] {
        var all = [Value?](repeating: nil, count: count)
        var seen = 0
        for found in try communicator.allGatherElements(mine) {
            guard among.indices.contains(found.sample) else {
                throw Failure(.internalError, "\(stage): a value of sample \(found.sample)")
            }
            all[found.sample] = found.value
            seen += 1
        }
        let asked = among.count { $0 }
        guard seen == asked else { throw Failure(.internalError, "\(stage): \(seen) values of \(asked) samples") }
        return all
    }
}
