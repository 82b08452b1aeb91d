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

    /// The images without corruption, or those of a corruption at a severity.
    private struct Stage {
        let corruption: String?
        let severity: Int

        var name: String { corruption.map { "\($0) \(severity)" } ?? "clean" }

        /// In the order in which they are done.
        static func all(_ corruptions: [String]) -> [Stage] {
            [Stage(corruption: nil, severity: 0)]
                + corruptions.flatMap { name in
                    CorruptionBenchmark.severities.map { Stage(corruption: name, severity: $0) }
                }
        }
    }

    /// What a stage has given, and what its images were.
    private struct Finding {
        let count: CorruptionResult.Count
        let fingerprint: String
    }

    /// Collective; the same on every rank. What a severity has given is kept once all its images are done, so a kill costs
    /// one severity at most.
    ///
    /// - Parameters:
    ///   - dataset: the images without corruption. As many are looked at as there are with and without.
    ///   - seed: of random numbers, the images' or the classifier's, for the record; nil where there are none.
    ///   - progress: called on rank 0.
    ///   - goesOn: called on rank 0 where the journal has something to go on from.
    /// - Throws: `badInput` where model and images do not fit together or a file is damaged; `usage`, before anything is
    ///   done, for a journal of another evaluation or other images; `inputOutput` where the journal cannot be written;
    ///   `stoppedOnRequest`; and what the communicator throws.
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
                $0, description($0.model, dataset, corrupted, count, seed, classifier.noise), samples: count,
                over: communicator)
        }
        let stages = Stage.all(corrupted.corruptions)
        func opened(_ stage: Stage) throws -> any Dataset {
            communicator.heartbeat.beat("corruption", step: stage.severity)
            guard let corruption = stage.corruption else { return dataset }
            let images = try corrupted.images(of: corruption, severity: stage.severity)
            var agreement = JobAgreement()
            agreement.add("images of \(stage.name)", images.fingerprint, advice: "every host needs the same files")
            try agreement.require(over: communicator)
            return images
        }

        var findings = [Finding?](repeating: nil, count: stages.count)
        if let state, !state.isEmpty {
            for (place, stage) in stages.enumerated() where state.knows(stage.name) {
                let fingerprint = try opened(stage).fingerprint
                findings[place] = try state.count(stage.name, fingerprint).map {
                    Finding(count: $0, fingerprint: fingerprint)
                }
            }
            if communicator.rank == 0 { goesOn() }
        }
        var forecast = CorruptionForecast(isKnown: findings.map { $0 != nil })
        for (place, stage) in stages.enumerated() where findings[place] == nil {
            forecast.begin(stage: place)
            let images = try opened(stage)
            try classifier.requireFit(images)
            let samples = DistributedSamples(
                of: images, count: count, batch: batch, over: communicator, stop: stop,
                progress: { progress(forecast.over($0)) })
            let outcomes = try samples.values(stage: stage.name, among: Array(repeating: true, count: count)) {
                zip(classifier.predictions($0.images), $0.labels).map(SampleOutcome.init)
            }
            let found = CorruptionResult.Count(
                correct: outcomes.count { $0 == .survived }, undefined: outcomes.count { $0 == .undefined }, of: count)
            try state?.add(found, stage.name, images.fingerprint)
            findings[place] = Finding(count: found, fingerprint: images.fingerprint)
            // Images without corruption may be there already where others have to be made.
            forecast.end(isTypical: stage.corruption != nil)
        }
        return result(
            dataset, corrupted, seed, classifier.noise, findings.compactMap(\.self), samples: count)
    }

    /// - Parameter findings: of all stages, in their order.
    private func result(
        _ dataset: any Dataset, _ corrupted: any CorruptedImages, _ seed: UInt64?, _ noise: InputNoise?,
        _ findings: [Finding], samples: Int
    ) -> CorruptionResult {
        let severities = CorruptionBenchmark.severities.count
        let corruptions = corrupted.corruptions.enumerated().map { place, name in
            let own = findings[(1 + place * severities)...].prefix(severities)
            var fingerprint = SHA256()
            for finding in own { fingerprint.update(finding.fingerprint) }
            return CorruptionResult.Corruption(
                name: name, severities: own.map(\.count), fingerprint: fingerprint.hexDigest())
        }
        return CorruptionResult(
            dataset: dataset.name, fingerprint: dataset.fingerprint, source: corrupted.source, seed: seed,
            noise: noise?.deviation, samples: samples, clean: findings[0].count, corruptions: corruptions,
            oddities: dataset.oddities(ofFirst: samples).map { "\(dataset.name): \($0): accuracies say little" })
    }

    /// All that the counts depend on besides the images, whose fingerprints stand beside the counts.
    private func description(
        _ model: String, _ dataset: any Dataset, _ corrupted: any CorruptedImages, _ samples: Int,
        _ seed: UInt64?, _ noise: InputNoise?
    ) -> JSONValue {
        var members: JSONValue = [
            "format": 2, "model": JSONValue(model), "data": JSONValue(dataset.fingerprint),
            "corruptions": JSONValue(corrupted.corruptions), "samples": JSONValue(samples),
            "seed": JSONValue(seed.map { "\($0)" }), "scalar": JSONValue("\(Scalar.self)"),
        ]
        if let noise { members["input_noise"] = JSONValue(noise.deviation) }
        return members
    }
}
