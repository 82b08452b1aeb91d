import Distributed
import Failures
import Formats
import Glibc

/// What severities have given so far, in a file that is written anew after each. Every rank knows all of it.
final class CorruptionState {
    private let path: String
    private let description: JSONValue
    private let isWriter: Bool
    /// By stage: what the images were, and how many of them were classified correctly.
    private var counts: [(stage: String, fingerprint: String, correct: Int)] = []

    static let name = "state.json"

    var isEmpty: Bool { counts.isEmpty }

    /// Finds what there is of the same evaluation. Throws `usage` where the file is another one's that is not to be
    /// replaced, and `badInput` where it is damaged and must not be. Collective; rank 0 does the work.
    init(_ journal: EvaluationJournal, _ description: JSONValue, over communicator: any Communicator) throws {
        let path = "\(journal.directory)/\(Self.name)"
        self.path = path
        self.description = description
        isWriter = communicator.rank == 0
        let text = try communicator.leaderDecides {
            try createDirectory(journal.directory)
            guard !journal.replaces, access(path, F_OK) == 0 else { return "[]" }
            let found: JSONValue
            do {
                found = try FileContents.json(path)
                _ = try Self.counts(found, path)
            } catch let failure as Failure where failure.kind == .badInput && !journal.resumes {
                return "[]"
            }
            guard found["evaluation"] == description else {
                throw Failure(
                    .usage,
                    "\(path) belongs to another model, other data or settings; choose another --out, or --force to replace it"
                )
            }
            return (found["counts"] ?? []).text()
        }
        counts = try Self.counts(["counts": JSONValue.parse(text, source: path)], path)
    }

    /// Nil where that is not known of the same images.
    func correct(_ stage: String, _ fingerprint: String, of count: Int) -> Int? {
        counts.first { $0.stage == stage && $0.fingerprint == fingerprint && $0.correct <= count }?.correct
    }

    /// Throws `inputOutput`.
    func add(_ correct: Int, _ stage: String, _ fingerprint: String) throws {
        counts.removeAll { $0.stage == stage }
        counts.append((stage, fingerprint, correct))
        guard isWriter else { return }
        let entries = counts.map { entry -> JSONValue in
            [
                "stage": JSONValue(entry.stage), "images": JSONValue(entry.fingerprint),
                "correct": JSONValue(entry.correct),
            ]
        }
        try AtomicFile.write(
            JSONValue.object([.init("evaluation", description), .init("counts", .array(entries))]).text() + "\n",
            to: path)
    }

    private static func counts(
        _ file: JSONValue, _ path: String
    ) throws -> [(stage: String, fingerprint: String, correct: Int)] {
        let entries = file["counts"]?.arrayValue
        let counts = entries?.compactMap { entry -> (stage: String, fingerprint: String, correct: Int)? in
            guard let stage = entry["stage"]?.stringValue, let fingerprint = entry["images"]?.stringValue,
                let correct = entry["correct"]?.intValue, correct >= 0
            else { return nil }
            return (stage, fingerprint, correct)
        }
        guard let counts, counts.count == entries?.count else {
            throw Failure.badInput(path, "damaged", expected: "what an evaluation on corrupted images has found")
        }
        return counts
    }
}
