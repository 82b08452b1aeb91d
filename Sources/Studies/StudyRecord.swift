import Checkpoints
import Configuration
import Failures
import Figures
import Formats
import Training

/// What is kept of one training and the attacks on it: `RESULTS/ROW-seedS.json`. A record tells how to have it again,
/// and holds every figure that tables and pages show of the run.
public enum StudyRecord {
    static let format = 1

    /// Where the program that makes a record comes from, and where it runs.
    public struct Provenance: Sendable {
        public var commit: String
        public var processor: String

        public init(commit: String, processor: String) {
            self.commit = commit
            self.processor = processor
        }
    }

    /// The record of what is there of a run, nil while its training is not done. Throws what is wrong with its files.
    static func make(_ run: StudyPlan.Run, place: Int, in study: Study, _ provenance: Provenance) throws -> JSONValue? {
        guard try run.training.isDone(), let checkpoint = try run.training.newestCheckpoint() else { return nil }
        let file = try SafetensorsFile(path: checkpoint)
        let done = try run.evaluations.filter { try $0.step.isDone() }
        return [
            "format": JSONValue(format),
            "row": JSONValue(run.row.name),
            "title": JSONValue(run.row.title.isEmpty ? run.row.name : run.row.title),
            "place": JSONValue(place),
            "seed": .integer(Int64(clamping: run.seed)),
            "version": JSONValue(ProgramVersion.text),
            "commit": JSONValue(provenance.commit),
            "processor": JSONValue(provenance.processor),
            "commands": JSONValue(
                try ([run.training] + done.map(\.step)).map { step in
                    (["pag"] + (try step.command())).map(quoted).joined(separator: " ")
                }),
            "configuration": try JSONValue.parse(
                Configuration.json(of: run.training.configuration()), source: run.name),
            "parameters_sha256": JSONValue(try ParameterFiles.parameterHash(of: file)),
            "training": try training(run.directory),
            "evaluations": .object(
                try done.map { .init($0.name, try evaluation("\(run.directory)/\($0.name)/robustness.json")) }),
        ]
    }

    /// Writes the records of all runs of a study whose figures have changed. Returns the paths written.
    public static func write(_ plan: StudyPlan, _ provenance: Provenance) throws -> [String] {
        try createDirectory(plan.study.results)
        let rows = plan.study.rows.map(\.name)
        return try plan.runs.compactMap { run in
            let path = "\(plan.study.results)/\(run.name).json"
            let place = rows.firstIndex(of: run.row.name) ?? 0
            guard let record = try make(run, place: place, in: plan.study, provenance) else { return nil }
            // A later commit that finds the same figures has nothing to say.
            if exists(path), figures(try read(path)) == figures(record) { return nil }
            try AtomicFile.write(record.text(pretty: true) + "\n", to: path)
            return path
        }
    }

    /// The records in a folder, rows in the study's order, seeds ascending. Throws `badInput` for a damaged one.
    static func all(in folder: String) throws -> [JSONValue] {
        let records = try directoryEntries(folder).filter { $0.hasSuffix(".json") }.map { try read("\(folder)/\($0)") }
        return records.sorted { order($0) < order($1) }
    }

    private static func order(_ record: JSONValue) -> (Int, Int) {
        (record["place"]?.intValue ?? 0, record["seed"]?.intValue ?? 0)
    }

    private static func read(_ path: String) throws -> JSONValue {
        let record = try FileContents.json(path)
        guard record["format"]?.intValue == format, record["row"]?.stringValue != nil else {
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
        var epochs: [Int: JSONValue] = [:]
        for (number, line) in file.bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            // Steps are many, and a killed run may have cut its last line short.
            guard line.last == UInt8(ascii: "}"), line.starts(with: #"{"kind":"epoch""#.utf8) else { continue }
            let value = try JSONValue.parse(
                UnsafeRawBufferPointer(rebasing: line), source: "\(path), line \(number + 1)")
            // A resumed run goes through an epoch again: the last word counts, and so does all the time.
            if let epoch = value["epoch"]?.intValue { epochs[epoch] = value }
        }
        let last = epochs.sorted { $0.key < $1.key }.map(\.value)
        return .object(
            Figure.ofEpochs.compactMap { figure in
                let values = last.compactMap { $0[figure.name]?.doubleValue }
                return values.isEmpty ? nil : .init(figure.name, JSONValue(values))
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
        return plain && !word.isEmpty ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }
}
