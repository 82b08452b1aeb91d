import Autodiff
import Data
import Distributed
import Failures
import Formats
import Kernels
import Models
import Randomness

/// Certifies the first images of a data set by randomised smoothing, over all ranks. The noise of a draw belongs to the
/// image and the draw, so the counts are the same for any number of ranks and any batch.
public struct SmoothingCertification: Sendable {
    public var settings: SmoothingSettings
    /// Images, counted from the data set's first; nil or more than there are: all.
    public var samples: Int?
    /// Noisy images that go through the network at once.
    public var batch = 128
    /// Nil: nothing is kept, and nothing can be resumed.
    public var journal: EvaluationJournal?
    /// Once it is pending, every rank finishes what it has begun, and the certification throws `stoppedOnRequest`.
    public var stop: StopRequest?

    /// Keeps nothing on disk.
    public init(_ settings: SmoothingSettings, samples: Int? = nil) {
        self.settings = settings
        self.samples = samples
    }

    /// What a rank works on at a time: some draws of one image, the first those that select.
    struct Part: Hashable {
        let image: Int
        let draws: Range<Int>
        let selects: Bool
    }

    /// Draws of a part, and so what a kill costs at most.
    private static let drawsOfPart = 10_000

    /// Collective; the same on every rank.
    ///
    /// - Parameters:
    ///   - progress: called on rank 0.
    ///   - goesOn: called on rank 0 where the journal has something to go on from.
    /// - Throws: `badInput` where model and data do not fit together; `usage` for a journal of another certification;
    ///   `inputOutput` where the journal cannot be written; and what the communicator throws.
    public func run(
        _ classifier: Classifier, on dataset: any Dataset, over communicator: any Communicator,
        progress: @escaping (EvaluationProgress) -> Void = { _ in }, goesOn: () -> Void = {}
    ) throws -> SmoothingResult {
        try classifier.requireFit(dataset)
        guard dataset.count > 0 else { throw Failure.badInput(dataset.name, "no images") }
        guard samples ?? 1 > 0, batch > 0 else { throw Failure(.usage, "samples and batch must be at least 1") }
        let count = min(samples ?? dataset.count, dataset.count), parts = parts(ofImages: count)
        let state = try journal.map {
            try SmoothingState(
                $0, description(model: $0.model, dataset, samples: count), parts, classes: classifier.classes,
                over: communicator)
        }
        if state?.known.isEmpty == false { goesOn() }
        let known = state?.known ?? [:]
        let left = parts.indices.filter { known[$0] == nil }
        let found = try counts(of: left, parts, classifier, dataset, communicator, state, progress)

        let classes = classifier.classes
        var selection = [[Int]](repeating: Array(repeating: 0, count: classes), count: count), estimation = selection
        for (place, part) in parts.enumerated() {
            guard let counts = known[place] ?? found[place] else {
                throw Failure(.internalError, "certificate: nothing of part \(place) of \(parts.count)")
            }
            for (index, number) in counts.enumerated() {
                if part.selects {
                    selection[part.image][index] += number
                } else {
                    estimation[part.image][index] += number
                }
            }
        }
        return SmoothingResult(
            dataset: dataset.name, settings: settings,
            images: (0..<count).map {
                .init(
                    label: dataset.label($0), counts: estimation[$0],
                    certificate: settings.certificate(selection: selection[$0], estimation: estimation[$0]))
            })
    }

    private func parts(ofImages count: Int) -> [Part] {
        func cut(_ image: Int, _ draws: Int, selects: Bool) -> [Part] {
            stride(from: 0, to: draws, by: Self.drawsOfPart).map {
                Part(image: image, draws: $0..<min(draws, $0 + Self.drawsOfPart), selects: selects)
            }
        }
        return (0..<count).flatMap {
            cut($0, settings.selectionDraws, selects: true) + cut($0, settings.draws, selects: false)
        }
    }

    /// All that the counts depend on.
    private func description(model: String, _ dataset: any Dataset, samples: Int) -> JSONValue {
        .object(
            [.init("format", 1), .init("model", JSONValue(model)), .init("data", JSONValue(dataset.fingerprint))]
                + settings.json
                + [.init("samples", JSONValue(samples)), .init("scalar", JSONValue("\(Scalar.self)"))])
    }

    /// The counts of parts that are `left`, of which all ranks take one after the other.
    private func counts(
        of left: [Int], _ parts: [Part], _ classifier: Classifier, _ dataset: any Dataset,
        _ communicator: any Communicator, _ state: SmoothingState?, _ progress: (EvaluationProgress) -> Void
    ) throws -> [Int: [Int]] {
        var mine: [Int64] = [], isStopped = false
        // In draws, as the parts that select are short.
        let before = left.reduce(into: [0]) { $0.append($0[$0.count - 1] + parts[$1].draws.count) }
        var forecast = Forecast(stage: "certificate", total: before[left.count], passesPerBlock: 1)
        let pool = MemoryPool()
        try WorkQueue(communicator).run(SampleBlocks(left, ranks: communicator.size, batch: 1)) { number, block in
            for place in block {
                isStopped = isStopped || stop?.isPending == true
                if isStopped { return }
                let part = parts[place]
                forecast.begin(before: before[number], count: part.draws.count)
                let counts = counts(of: part, classifier, dataset, pool) {
                    communicator.heartbeat.beat("certificate", step: part.image)
                }
                try state?.add(counts, of: place)
                mine += ([place] + counts).map { Int64($0) }
                guard communicator.rank == 0 else { continue }
                // Of images, which people count in, those before this one's are done.
                let isLast = place + 1 == parts.count || parts[place + 1].image > part.image
                progress(
                    EvaluationProgress(
                        stage: "certificate", done: part.image + (isLast ? 1 : 0),
                        total: parts[parts.count - 1].image + 1,
                        secondsLeft: forecast.end().secondsLeft))
            }
        }
        if try communicator.anyRank(isStopped) {
            throw Failure(.stoppedOnRequest, "stopped on request; run again to go on from what has been found")
        }
        let all = try communicator.allGatherElements(mine), length = classifier.classes + 1
        return Dictionary(
            stride(from: 0, to: all.count, by: length).map { start in
                (Int(all[start]), all[start + 1..<start + length].map { Int($0) })
            }, uniquingKeysWith: { first, _ in first })
    }

    private func counts(
        of part: Part, _ classifier: Classifier, _ dataset: any Dataset, _ pool: MemoryPool, passDone: () -> Void
    ) -> [Int] {
        let size = dataset.shape.count
        var image = [Scalar](repeating: 0, count: size)
        dataset.read(part.image, into: &image)
        var counts = [Int](repeating: 0, count: classifier.classes)
        for start in stride(from: part.draws.lowerBound, to: part.draws.upperBound, by: batch) {
            let draws = start..<min(start + batch, part.draws.upperBound)
            let noisy = Tensor([draws.count] + classifier.model.input, in: pool) { out in
                for (row, draw) in draws.enumerated() {
                    var stream = RandomStream(
                        seed: settings.seed,
                        purpose: part.selects ? .certificateSelection : .certificateEstimation, UInt64(part.image),
                        UInt64(draw))
                    for i in 0..<size {
                        out[row * size + i] = Scalar(Double(image[i]) + settings.sigma * stream.normal())
                    }
                }
            }
            for case let prediction? in classifier.predictions(noisy) { counts[prediction] += 1 }
            passDone()
        }
        return counts
    }
}
