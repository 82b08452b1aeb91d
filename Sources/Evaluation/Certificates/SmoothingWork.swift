import Data
import Distributed
import Failures
import Kernels

/// Parts of a certification over all ranks, each of which takes one after the other.
struct SmoothingWork {
    let smoothed: SmoothedClassifier
    let dataset: any Dataset
    let communicator: any Communicator
    private let stop: StopRequest?
    private let progress: (EvaluationProgress) -> Void

    /// `progress` is called on rank 0.
    init(
        _ smoothed: SmoothedClassifier, _ dataset: any Dataset, _ communicator: any Communicator, stop: StopRequest?,
        progress: @escaping (EvaluationProgress) -> Void
    ) {
        self.smoothed = smoothed
        self.dataset = dataset
        self.communicator = communicator
        self.stop = stop
        self.progress = progress
    }

    /// [H, W, C]
    func image(_ index: Int) -> [Scalar] {
        var image = [Scalar](repeating: 0, count: dataset.shape.count)
        dataset.read(index, into: &image)
        return image
    }

    /// The counts of all parts, by class. What the state knows is not counted again; what is counted, it keeps.
    /// Collective; the same on every rank. Throws `stoppedOnRequest`, `inputOutput`, and what the communicator throws.
    func counts(
        of parts: [SmoothingPart], _ stage: StaticString, _ state: SmoothingState?,
        _ count: (_ part: SmoothingPart, _ passDone: () -> Void) -> [Int]
    ) throws -> [[Int]] {
        let known = state?.known ?? [:], left = parts.indices.filter { known[$0] == nil }
        var mine: [Int64] = [], isStopped = false
        // In draws, as the parts that select are short.
        let before = left.reduce(into: [0]) { $0.append($0[$0.count - 1] + parts[$1].draws.count) }
        var forecast = Forecast(stage: "\(stage)", total: before[left.count], passesPerBlock: 1)
        try WorkQueue(communicator).run(SampleBlocks(left, ranks: communicator.size, batch: 1)) { number, block in
            for place in block {
                isStopped = isStopped || stop?.isPending == true
                if isStopped { return }
                let part = parts[place]
                forecast.begin(before: before[number], count: part.draws.count)
                let counts = count(part) { communicator.heartbeat.beat(stage, step: part.image) }
                try state?.add(counts, of: place)
                mine += ([place] + counts).map { Int64($0) }
                guard communicator.rank == 0 else { continue }
                // Of images, which people count in, those before this one's are done.
                let isLast = place + 1 == parts.count || parts[place + 1].image > part.image
                progress(
                    EvaluationProgress(
                        stage: "\(stage)", done: part.image + (isLast ? 1 : 0), total: parts[parts.count - 1].image + 1,
                        secondsLeft: forecast.end().secondsLeft))
            }
        }
        if try communicator.anyRank(isStopped) {
            throw Failure(.stoppedOnRequest, "stopped on request; run again to go on from what has been found")
        }
        let all = try communicator.allGatherElements(mine), length = smoothed.classifier.classes + 1
        let found = Dictionary(
            stride(from: 0, to: all.count, by: length).map { start in
                (Int(all[start]), all[start + 1..<start + length].map { Int($0) })
            }, uniquingKeysWith: { first, _ in first })
        return try parts.indices.map { place in
            guard let counts = known[place] ?? found[place] else {
                throw Failure(.internalError, "\(stage): nothing of part \(place) of \(parts.count)")
            }
            return counts
        }
    }
}
