import Data
import Distributed
import Failures
import Formats
import Kernels
import Models

/// The accuracy of a classifier on corrupted images (Hendrycks and Dietterich 2019), over all ranks. It is the same for
/// any number of ranks and any batch.
public struct CorruptionEvaluation: Sendable {
    /// Images that go through the network at once.
    public var batch = 32
    /// Nil: nothing is kept, and nothing can be resumed.
    public var journal: EvaluationJournal?
    /// Once it is pending, every rank finishes the images it has begun, and the evaluation throws `stoppedOnRequest`.
    public var stop: StopRequest?

    /// The name of the journal's file.
    public static let stateFile = CorruptionState.name

    /// Keeps nothing on disk.
    public init() {}

    /// Collective; the same on every rank. What a severity has given is kept once all its images are done, so a kill costs
    /// one severity at most.
    ///
    /// - Parameters:
    ///   - dataset: the images without corruption; as many of them are looked at as there are corrupted ones.
    ///   - seed: of random numbers, the images' or the classifier's, for the record; nil where there are none.
    ///   - progress: called on rank 0.
    ///   - goesOn: called on rank 0 where the journal has something to go on from.
    /// - Throws: `badInput` where model and images do not fit together or a file is damaged; `usage` for a journal of
    ///   another evaluation; `inputOutput` where the journal cannot be written; `stoppedOnRequest`; and what the
    ///   communicator throws.
    public func run(
        _ classifier: Classifier, on dataset: any Dataset, corrupted: any CorruptedImages, seed: UInt64? = nil,
        over communicator: any Communicator, progress: @escaping (EvaluationProgress) -> Void = { _ in },
        goesOn: () -> Void = {}
    ) throws -> CorruptionResult {
        guard batch > 0 else { throw Failure(.usage, "batch is \(batch), expected at least 1") }
        try classifier.requireFit(dataset)
        let count = min(corrupted.count, dataset.count)
        guard count > 0 else { throw Failure.badInput(dataset.name, "no images") }
        let state = try journal.map {
            try CorruptionState(
                $0, description($0.model, dataset, corrupted, seed, classifier.noise), over: communicator)
        }
        if state?.isEmpty == false, communicator.rank == 0 { goesOn() }

        func accuracy(_ stage: String, of images: any Dataset, count: Int) throws -> CorruptionResult.Count {
            let fingerprint = "\(images.fingerprint) \(count)"
            var agreement = JobAgreement()
            agreement.add("images of \(stage)", fingerprint, advice: "every host needs the same files")
            try agreement.require(over: communicator)
            if let correct = state?.correct(stage, fingerprint, of: count) { return .init(correct: correct, of: count) }
            try classifier.requireFit(images)
            let samples = DistributedSamples(
                of: images, count: count, batch: batch, over: communicator, stop: stop, progress: progress)
            let outcomes = try samples.values(stage: stage, among: Array(repeating: true, count: count)) { batch in
                zip(classifier.predictions(batch.images), batch.labels).map(SampleOutcome.init)
            }
            let correct = outcomes.count { $0 == .survived }
            try state?.add(correct, stage, fingerprint)
            return .init(correct: correct, of: count)
        }

        let clean = try accuracy("clean", of: dataset, count: count)
        var corruptions: [CorruptionResult.Corruption] = []
        for name in corrupted.corruptions {
            var severities: [CorruptionResult.Count] = [], fingerprint = SHA256()
            for severity in CorruptionBenchmark.severities {
                communicator.heartbeat.beat("corruption", step: severity)
                let images = try corrupted.images(of: name, severity: severity)
                fingerprint.update(images.fingerprint)
                severities.append(try accuracy("\(name) \(severity)", of: images, count: corrupted.count))
            }
            corruptions.append(
                .init(name: name, severities: severities, fingerprint: fingerprint.hexDigest()))
        }
        return CorruptionResult(
            dataset: dataset.name, fingerprint: dataset.fingerprint, source: corrupted.source, seed: seed,
            noise: classifier.noise?.deviation, samples: corrupted.count, clean: clean, corruptions: corruptions)
    }

    /// All that the counts depend on besides the images, whose fingerprints stand beside the counts.
    private func description(
        _ model: String, _ dataset: any Dataset, _ corrupted: any CorruptedImages, _ seed: UInt64?,
        _ noise: InputNoise?
    ) -> JSONValue {
        var members: JSONValue = [
            "format": 1, "model": JSONValue(model), "data": JSONValue(dataset.fingerprint),
            "corruptions": JSONValue(corrupted.corruptions), "samples": JSONValue(corrupted.count),
            "seed": JSONValue(seed.map { "\($0)" }), "scalar": JSONValue("\(Scalar.self)"),
        ]
        if let noise { members["input_noise"] = JSONValue(noise.deviation) }
        return members
    }
}
