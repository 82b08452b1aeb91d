import Distributed
import Failures
import Formats
import Glibc

/// What severities have given so far, in a file that is written anew after each. Every rank knows all of it.
final class CorruptionState {
    /// What images have given, with a checksum in the file that holds it together with what was evaluated.
    private struct Entry {
        let stage: String
        /// The images' fingerprint.
        let images: String
        let count: CorruptionResult.Count

        init(_ stage: String, _ images: String, _ count: CorruptionResult.Count) {
            self.stage = stage
            self.images = images
            self.count = count
        }

        /// Nil where it is damaged.
        init?(_ json: JSONValue, of samples: Int, in evaluation: JSONValue) {
            guard let stage = json["stage"]?.stringValue, let images = json["images"]?.stringValue,
                let correct = json["correct"]?.intValue, let undefined = json["undefined"]?.intValue,
                correct >= 0, undefined >= 0, correct <= samples, undefined <= samples - correct
            else { return nil }
            self.init(stage, images, .init(correct: correct, undefined: undefined, of: samples))
            guard self.json(in: evaluation) == json else { return nil }
        }

        func json(in evaluation: JSONValue) -> JSONValue {
            let members = [
                JSONValue.Member("stage", JSONValue(stage)), .init("images", JSONValue(images)),
                .init("correct", JSONValue(count.correct)), .init("undefined", JSONValue(count.undefined)),
            ]
            let text = JSONValue.array([evaluation, .object(members)]).text()
            return .object(members + [.init("checksum", JSONValue(SHA256.hexDigest(of: Array(text.utf8))))])
        }
    }

    private let path: String
    private let description: JSONValue
    private let isWriter: Bool
    private var entries: [Entry] = []

    static let name = "state.json"

    var isEmpty: Bool { entries.isEmpty }

    /// Finds what there is of the same evaluation. Throws `usage` where the file is another one's that is not to be
    /// replaced, and `badInput` where it is damaged: as a whole, so that nobody knows whose it is, or in a part that is not
    /// to be done again. Collective; rank 0 does the work.
    /// - Parameter samples: images of each stage.
    init(
        _ journal: EvaluationJournal, _ description: JSONValue, samples: Int, over communicator: any Communicator
    ) throws {
        let path = "\(journal.directory)/\(Self.name)"
        self.path = path
        self.description = description
        isWriter = communicator.rank == 0
        let text = try communicator.leaderDecides {
            try createDirectory(journal.directory)
            guard !journal.replaces, access(path, F_OK) == 0 else { return "[]" }
            let (evaluation, entries) = try Self.contents(path)
            guard evaluation == description else {
                throw Failure(
                    .usage,
                    "\(path) belongs to another model, other data or settings; choose another --out, or --force to "
                        + "replace it")
            }
            let sound = entries.filter { Entry($0, of: samples, in: description) != nil }
            guard sound.count == entries.count || !journal.resumes else {
                throw Failure.badInput(
                    path, "a count is damaged", expected: "its checksum; without --resume it is made again")
            }
            return JSONValue.array(sound).text()
        }
        entries = (try JSONValue.parse(text, source: path).arrayValue ?? []).compactMap {
            Entry($0, of: samples, in: description)
        }
    }

    private static func contents(_ path: String) throws -> (evaluation: JSONValue, entries: [JSONValue]) {
        let found: JSONValue?
        do {
            found = try FileContents.json(path)
        } catch let failure as Failure where failure.kind == .badInput {
            found = nil
        }
        guard let evaluation = found?["evaluation"], let entries = found?["counts"]?.arrayValue else {
            throw Failure.badInput(
                path, "damaged",
                expected: "what an evaluation on corrupted images has found; choose another --out, or --force to "
                    + "replace it")
        }
        return (evaluation, entries)
    }

    /// Whether anything is known of a stage.
    func knows(_ stage: String) -> Bool { entries.contains { $0.stage == stage } }

    /// Nil where the stage is not known. Throws `usage` where it is known of other images.
    func count(_ stage: String, _ fingerprint: String) throws -> CorruptionResult.Count? {
        guard let known = entries.first(where: { $0.stage == stage }) else { return nil }
        guard known.images == fingerprint else {
            throw Failure(
                .usage,
                "\(path) is of other images (of \(stage)); choose another --out, or --force to replace it")
        }
        return known.count
    }

    /// Keeps what a stage that is not known has given. Throws `inputOutput`.
    func add(_ count: CorruptionResult.Count, _ stage: String, _ fingerprint: String) throws {
        entries.append(Entry(stage, fingerprint, count))
        guard isWriter else { return }
        let counts = JSONValue.array(entries.map { $0.json(in: description) })
        try AtomicFile.write(
            JSONValue.object([.init("evaluation", description), .init("counts", counts)]).text() + "\n", to: path)
    }
}
