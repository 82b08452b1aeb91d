import Autodiff
import Data
import Distributed
import Failures
import Formats
import Kernels
import Models

/// Certifies the first images of a data set by randomised smoothing, over all ranks. The noise of a draw belongs to the
/// image and the draw, so the counts are the same for any number of ranks and any batch.
public struct SmoothingCertification: Sendable {
    public var settings: SmoothingSettings
    /// Nil: certificates are not attacked.
    public var attack: SmoothingAttack?
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
        let count = min(samples ?? dataset.count, dataset.count),
            parts = SmoothingPart.certifying(images: count, settings)
        let smoothed = SmoothedClassifier(classifier, sigma: settings.sigma, seed: settings.seed, batch: batch)
        let work = SmoothingWork(smoothed, dataset, communicator, stop: stop, progress: progress)
        let state = try journal.map {
            try SmoothingState(
                $0, description(model: $0.model, dataset, samples: count), parts, classes: classifier.classes,
                over: communicator)
        }
        if state?.known.isEmpty == false { goesOn() }
        let counts = try work.counts(of: parts, "certificate", state) { part, passDone in
            smoothed.counts(
                work.image(part.image), number: part.image, draws: part.draws,
                part.stage == .selection ? .certificateSelection : .certificateEstimation, passDone: passDone)
        }
        func sums(_ stage: SmoothingPart.Stage) -> [[Int]] { Self.sums(counts, parts, stage, images: count) }
        let estimation = sums(.estimation)
        let certificates = zip(sums(.selection), estimation).map {
            settings.certificate(selection: $0, estimation: $1)
        }
        let attacked = try attack.map { try judgements(of: $0, on: certificates, work) }
        return SmoothingResult(
            dataset: dataset.name, settings: settings, attack: attack,
            images: (0..<count).map {
                .init(
                    label: dataset.label($0), counts: estimation[$0], certificate: certificates[$0],
                    countsUnderAttack: attacked?[$0])
            })
    }

    /// What the smoothed classifier sees of each image that an attack has moved within its certified radius; nil for those
    /// without one.
    private func judgements(
        of attack: SmoothingAttack, on certificates: [SmoothingSettings.Certificate], _ work: SmoothingWork
    ) throws -> [[Int]?] {
        let parts = SmoothingPart.judging(certificates, settings)
        let state = try journal.map { journal in
            var own = journal
            own.directory += "/\(SmoothingState.attackFolder(attack))"
            let description = description(model: journal.model, work.dataset, samples: certificates.count)
            return try SmoothingState(
                own, .object((description.members ?? []) + [.init("attack", .object(attack.json))]), parts,
                classes: work.smoothed.classifier.classes, over: work.communicator)
        }
        // Of an image's parts the first one here moves it.
        var moved: (number: Int, image: [Scalar])?
        let counts = try work.counts(of: parts, "attack", state) { part, passDone in
            if moved?.number != part.image, let label = certificates[part.image].prediction {
                moved = (
                    part.image,
                    attack.moved(
                        work.image(part.image), number: part.image, awayFrom: label,
                        radius: certificates[part.image].radius, work.smoothed, passDone: passDone)
                )
            }
            return work.smoothed.counts(
                moved?.image ?? [], number: part.image, draws: part.draws, .certificateJudgement, passDone: passDone)
        }
        let sums = Self.sums(counts, parts, .judgement, images: certificates.count)
        return certificates.indices.map { certificates[$0].prediction == nil ? nil : sums[$0] }
    }

    /// The counts of all parts of a stage, by image.
    private static func sums(
        _ counts: [[Int]], _ parts: [SmoothingPart], _ stage: SmoothingPart.Stage, images: Int
    ) -> [[Int]] {
        var sums = [[Int]](repeating: Array(repeating: 0, count: counts.first?.count ?? 0), count: images)
        for (part, counts) in zip(parts, counts) where part.stage == stage {
            for (label, number) in counts.enumerated() { sums[part.image][label] += number }
        }
        return sums
    }

    /// All that the counts depend on.
    private func description(model: String, _ dataset: any Dataset, samples: Int) -> JSONValue {
        .object(
            [.init("format", 1), .init("model", JSONValue(model)), .init("data", JSONValue(dataset.fingerprint))]
                + settings.json
                + [.init("samples", JSONValue(samples)), .init("scalar", JSONValue("\(Scalar.self)"))])
    }
}
