import Corruptions
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Glibc
import Models
import Training

// On corrupted images.
extension Evaluate {
    /// What `--corruptions` stands for.
    /// - Parameter size: what the data's images are resized to.
    func corruptedImages(
        _ words: String, of images: any Dataset, resizedTo size: ImageSize?
    ) throws -> any CorruptedImages {
        if words == "builtin" { return try BuiltInCorruptions(of: images, samples: samples, seed: seed) }
        return try CorruptionFiles(words, of: images, samples: samples, resizedTo: size)
    }

    /// What the user ought to know of how many images are taken, and of which corruptions, a line each.
    func remarks(on corrupted: (any CorruptedImages)?, of images: any Dataset) -> [String] {
        let files = corrupted as? CorruptionFiles
        var remarks = files?.notices ?? []
        func add(_ things: String, _ available: Int) {
            remarks += Shortfall("--samples", samples, of: things, available: available).map { ["\($0)"] } ?? []
        }
        if let files { add("test images with corruptions in \(files.source)", files.available) }
        if files == nil || runsAttacks { add("test images", images.count) }
        if let unsuited = (corrupted as? BuiltInCorruptions)?.unsuited, !unsuited.isEmpty {
            remarks.append("not made of \(images.shape) images: \(unsuited.joined(separator: ", "))")
        }
        return remarks
    }

    /// Of the checkpoint alone, whatever attacks transfer from.
    func corruptionIdentity(_ checkpoint: String) throws -> String {
        try identity(of: [checkpoint], ema: ema, normalize: input.normalisation.normalize)
    }

    /// Collective; the output folder must be this job's own.
    func evaluate(
        _ corrupted: any CorruptedImages, _ classifier: Classifier, on images: any Dataset, _ checkpoint: String,
        _ folder: String, _ stop: StopRequest?, _ line: EvaluationLine, _ communicator: any Communicator
    ) throws -> CorruptionResult {
        let state = "\(folder)/corruptions", results = "\(folder)/\(CorruptionResult.file)"
        _ = try communicator.leaderDecides {
            if force {
                unlink(results)
            } else if access(results, F_OK) == 0, access("\(state)/\(CorruptionEvaluation.stateFile)", F_OK) != 0 {
                throw Failure(
                    .usage,
                    "\(results): its settings are not known; choose another --out, or --force to replace it")
            }
            return ""
        }
        var evaluation = CorruptionEvaluation()
        evaluation.batch = batch
        evaluation.stop = stop
        evaluation.journal = EvaluationJournal(
            directory: state, model: try corruptionIdentity(checkpoint), resumes: resume, replaces: force)
        let isRandom = corrupted is BuiltInCorruptions || inputNoise != nil
        return try evaluation.run(
            classifier, on: images, corrupted: corrupted, seed: isRandom ? seed : nil,
            over: communicator, progress: line.show,
            goesOn: {
                if !resume { print("\(folder): goes on from what these settings gave before; --force begins anew") }
            })
    }

    /// A line a corruption.
    func describe(_ result: CorruptionResult, _ folder: String) {
        for note in result.notes { print("NOTE \(note)") }
        print("\(result.dataset), \(result.samples) images a severity, corruptions: \(result.source)")
        print("clean  \(percent(result.clean.accuracy))")
        let width = result.corruptions.map(\.name.count).max() ?? 0
        func row(_ name: String, _ cells: [String]) {
            print(
                name + String(repeating: " ", count: max(0, width - name.count))
                    + cells.map { "  " + String(repeating: " ", count: max(0, 7 - $0.count)) + $0 }.joined())
        }
        row("severity", CorruptionBenchmark.severities.map { "\($0)" } + ["error"])
        for corruption in result.corruptions {
            row(corruption.name, (corruption.severities.map(\.accuracy) + [corruption.error]).map(percent))
        }
        print("mean corruption error  \(percent(result.meanError))")
        if let error = result.benchmarkError, result.corruptions.count > CorruptionBenchmark.corruptions.count {
            print("of the benchmark's 15  \(percent(error))")
        }
        if !result.missing.isEmpty {
            print("missing of the benchmark's 15: \(result.missing.joined(separator: ", "))")
        }
        print("written to \(folder)/\(CorruptionResult.file)")
    }
}
