import Distributed
import Failures
import Formats
import Glibc

/// The counts of a certification so far, in a folder: a line for each part, in a file for each rank. A line that a kill
/// has cut off is a part that is done again.
final class SmoothingState {
    /// By the part's place.
    let known: [Int: [Int]]
    private let lines: AppendFile

    private static let description = "certification.json", ending = ".counts"
    /// Far more bytes than a rank writes.
    private static let limit = 1 << 30

    /// The name of the folder in a certification's own for what an attack on it has found.
    static func attackFolder(_ attack: SmoothingAttack) -> String { "\(attackPrefix)\(attack.steps)-\(attack.draws)" }
    private static let attackPrefix = "attack-"

    /// Finds what there is of the same certification, or makes the folder. Throws `usage` where it holds another one
    /// that is not to be replaced; `badInput` where what says which it is is damaged. Collective; rank 0 does the work.
    init(
        _ journal: EvaluationJournal, _ description: JSONValue, _ parts: [SmoothingPart], classes: Int,
        over communicator: any Communicator
    ) throws {
        let directory = journal.directory, path = "\(directory)/\(Self.description)"
        let text = try communicator.leaderDecides {
            try createDirectory(directory)
            var isSame = false
            if !journal.replaces, access(path, F_OK) == 0 {
                let found: JSONValue
                do {
                    found = try FileContents.json(path)
                } catch let failure as Failure where failure.kind == .badInput {
                    throw Failure(.badInput, "\(failure); choose another --out, or --force to begin anew")
                }
                guard found == description else {
                    throw Failure(
                        .usage,
                        "\(directory) holds a certification of another model, other data or settings; choose another "
                            + "--out, or --force to replace it")
                }
                isSame = true
            }
            let files = try Self.counts(in: directory)
            guard isSame else {
                unlink(path)
                for file in files { unlink(file) }
                // What attacks have found belongs to what is replaced.
                for name in try directoryEntries(directory) where name.hasPrefix(Self.attackPrefix) {
                    let folder = "\(directory)/\(name)"
                    for file in try Self.counts(in: folder) + ["\(folder)/\(Self.description)"] { unlink(file) }
                    rmdir(folder)
                }
                try AtomicFile.write(description.text() + "\n", to: path)
                return ""
            }
            return try files.sorted().map { file in
                String(decoding: try FileContents.read(file, limit: Self.limit), as: UTF8.self)
            }.joined(separator: "\n")
        }
        var known: [Int: [Int]] = [:]
        for line in text.split(separator: "\n") {
            let numbers = line.split(separator: " ", omittingEmptySubsequences: false).map { Int($0) }
            guard numbers.count == classes + 2, let place = numbers[0], parts.indices.contains(place) else { continue }
            let counts = numbers[1...classes].compactMap { $0 }
            // The last number is the sum, so that a line that was cut off inside a number is not taken.
            guard counts.count == classes, counts.allSatisfy({ $0 >= 0 && $0 <= parts[place].draws.count }),
                case let sum = counts.reduce(0, +), sum == numbers[classes + 1], sum <= parts[place].draws.count
            else { continue }
            known[place] = counts
        }
        self.known = known
        lines = try AppendFile(path: "\(directory)/rank-\(communicator.rank)\(Self.ending)")
    }

    private static func counts(in directory: String) throws -> [String] {
        try directoryEntries(directory).filter { $0.hasSuffix(ending) }.map { "\(directory)/\($0)" }
    }

    /// Throws `inputOutput`.
    func add(_ counts: [Int], of place: Int) throws {
        try lines.append(line: ([place] + counts + [counts.reduce(0, +)]).map(String.init).joined(separator: " "))
    }
}
