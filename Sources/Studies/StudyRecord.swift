import Checkpoints
import Configuration
import Failures
import Figures
import Formats
import Training

/// What is kept of one training and the attacks on it: `RESULTS/ROW-seedS.json`, and of a preparation,
/// `RESULTS/NAME.json`. A record tells how to have it again, and holds every figure that tables and pages show of the
/// run.
public enum StudyRecord {
    static let format = 1

    /// Where the program that makes a record comes from, and where it runs.
    public struct Provenance: Sendable {
        /// Empty, or `unknown`, where nobody says it.
        public var commit: String
        /// As the system calls it.
        public var processor: String

        public init(commit: String, processor: String) {
            self.commit = commit
            self.processor = processor
        }
    }

    /// The record of what is there of a run, nil while its training is not done. Throws what is wrong with its files.
    static func make(_ run: StudyPlan.Run, place: Int, _ provenance: Provenance) throws -> JSONValue? {
        guard try run.training.isDone(), let checkpoint = try run.training.newestCheckpoint() else { return nil }
        let file = try SafetensorsFile(path: checkpoint)
        let done = try run.evaluations.filter { try $0.step.isDone() }
        let measured = try run.alignments.filter { try $0.step.isDone() }
        var record: JSONValue = [
            "format": JSONValue(format),
            "row": JSONValue(run.row.name),
            "title": JSONValue(run.row.title.isEmpty ? run.row.name : run.row.title),
            "place": JSONValue(place),
            "seed": .integer(Int64(clamping: run.seed)),
        ]
        try add(provenance, [run.training] + (done + measured).map(\.step), checkpoint: file, to: &record)
        record["evaluations"] = .object(
            try done.map { .init($0.name, try evaluation("\(run.directory)/\($0.name)/robustness.json")) })
        if !measured.isEmpty {
            record["alignments"] = .object(
                try measured.map {
                    .init($0.name, try FileContents.json(StudyStep.alignmentFile($0.name, run.directory)))
                })
        }
        return record
    }

    /// Of a preparation, nil while its training is not done; with the survey of its targets once they are there.
    private static func make(_ preparation: StudyPlan.Prepared, _ provenance: Provenance) throws -> JSONValue? {
        guard try preparation.training.isDone(), let checkpoint = try preparation.training.newestCheckpoint() else {
            return nil
        }
        let hasTargets = try preparation.targets.isDone()
        var record: JSONValue = ["format": JSONValue(format), "preparation": JSONValue(preparation.name)]
        try add(
            provenance, [preparation.training] + (hasTargets ? [preparation.targets] : []),
            checkpoint: try SafetensorsFile(path: checkpoint), to: &record)
        let survey = "\(preparation.directory)/targets.safetensors.survey.json"
        if hasTargets, exists(survey) { record["survey"] = try FileContents.json(survey) }
        return record
    }

    /// What records of every kind hold. The first step is the training.
    private static func add(
        _ provenance: Provenance, _ steps: [StudyStep], checkpoint: SafetensorsFile, to record: inout JSONValue
    ) throws {
        record["version"] = JSONValue(ProgramVersion.text)
        record["commit"] = JSONValue(provenance.commit)
        record["processor"] = JSONValue(provenance.processor)
        record["commands"] = JSONValue(
            try steps.map { (["pag"] + (try $0.command())).map(quoted).joined(separator: " ") })
        record["configuration"] = try JSONValue.parse(
            Configuration.json(of: steps[0].configuration()), source: steps[0].name)
        record["parameters_sha256"] = JSONValue(try ParameterFiles.parameterHash(of: checkpoint))
        record["training"] = try training(steps[0].directory)
    }

    /// Writes the records of a study whose figures have changed. Returns the paths written.
    public static func write(_ plan: StudyPlan, _ provenance: Provenance) throws -> [String] {
        try createDirectory(plan.study.results)
        let rows = plan.study.rows.map(\.name)
        let prepared = try plan.preparations.map { ($0.name, try make($0, provenance)) }
        let runs = try plan.runs.map { run in
            let place = rows.firstIndex(of: run.row.name) ?? 0
            return (run.name, try make(run, place: place, provenance))
        }
        return try (prepared + runs).compactMap { name, record in
            let path = "\(plan.study.results)/\(name).json"
            // A later commit that finds the same figures has nothing to say.
            guard let record, try !exists(path) || figures(read(path)) != figures(record) else { return nil }
            try AtomicFile.write(record.text(pretty: true) + "\n", to: path)
            return path
        }
    }

    /// The records of runs in a folder, rows in the study's order, seeds ascending. Throws `badInput` for a damaged
    /// one.
    static func all(in folder: String) throws -> [JSONValue] {
        let records = try directoryEntries(folder).filter { $0.hasSuffix(".json") }.map { try read("\(folder)/\($0)") }
        return records.filter { $0["row"] != nil }.sorted { order($0) < order($1) }
    }

    private static func order(_ record: JSONValue) -> (Int, Int) {
        (record["place"]?.intValue ?? 0, record["seed"]?.intValue ?? 0)
    }

    private static func read(_ path: String) throws -> JSONValue {
        let record = try FileContents.json(path)
        guard record["format"]?.intValue == format,
            record["row"]?.stringValue != nil || record["preparation"]?.stringValue != nil
        else {
            throw Failure.badInput(path, "is no record of a study", expected: "format \(format)")
        }
        return record
    }

    /// What a record says beyond where and when it was made.
    private static func figures(_ record: JSONValue) -> JSONValue {
        var copy = record
        for key in ["version", "commit", "processor"] { copy[key] = nil }
        return copy
    }

    /// The figures of the epochs, a list for each, and the processor time of the whole.
    private static func training(_ directory: String) throws -> JSONValue {
        let path = "\(directory)/metrics.jsonl"
        let file = try MappedFile(path: path)
        defer { withExtendedLifetime(file) {} }
        var epochs: [Int: JSONValue] = [:], seconds: [Int: Double] = [:], stopped = 0.0
        for (number, line) in file.bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            // Steps are many, and a killed run may have cut its last line short.
            let isEpoch = line.starts(with: #"{"kind":"epoch""#.utf8)
            guard line.last == UInt8(ascii: "}"), isEpoch || line.starts(with: #"{"kind":"event","event":"stop""#.utf8)
            else { continue }
            let value = try JSONValue.parse(
                UnsafeRawBufferPointer(rebasing: line), source: "\(path), line \(number + 1)")
            stopped += value[Figure.processorSeconds.name]?.doubleValue ?? 0
            guard isEpoch, let epoch = value["epoch"]?.intValue else { continue }
            // A resumed run may go through an epoch again: the last word counts, and so does all the time.
            epochs[epoch] = value
            seconds[epoch, default: 0] += stopped
            stopped = 0
        }
        for (epoch, seconds) in seconds { epochs[epoch]?[Figure.processorSeconds.name] = .number(seconds) }
        let last = epochs.sorted { $0.key < $1.key }.map(\.value)
        return .object(
            Figure.ofEpochs.compactMap { figure in
                let values = last.map { $0[figure.name] ?? .null }
                return values.contains { $0 != .null } ? .init(figure.name, .array(values)) : nil
            })
    }

    /// What tables need of an evaluation's result.
    private static func evaluation(_ path: String) throws -> JSONValue {
        let result = try FileContents.json(path)
        let kept = [
            "dataset", "samples", "seed", "ranks", "clean_acc", "threat", "order", "attacks", "robust_acc", "curve",
            "checks", "notes",
        ]
        return .object(kept.compactMap { key in result[key].map { .init(key, $0) } })
    }

    /// A word of a command as a shell has to have it.
    private static func quoted(_ word: String) -> String {
        let plain = word.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_./=:,".unicodeScalars.contains($0))
        }
        return plain && !word.isEmpty
            ? word
            : "'"
                + word.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }
}
