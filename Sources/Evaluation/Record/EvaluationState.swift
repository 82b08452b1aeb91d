import Data
import Distributed
import Failures
import Formats
import Glibc
import Kernels

/// What has been found so far, in a folder, so that an evaluation that was killed can go on: on any number of ranks,
/// with the same result.
///
/// `evaluation.json` says what is being evaluated. Every block of samples is written by its rank as soon as it is
/// finished; when a stage ends, rank 0 puts its blocks into one file. Each file is whole or absent.
final class EvaluationState {
    private let directory: String
    private let identity: String
    private let refusesDamage: Bool
    private let shape: ImageShape
    private let samples: Int
    private let communicator: any Communicator
    /// Whether there was something to go on from. On rank 0.
    private(set) var goesOn = false

    private static let description = "evaluation.json", ending = ".safetensors"

    /// Finds what there is of the same evaluation, or makes the folder. Throws `usage`, naming what differs, where it
    /// holds another evaluation that is not to be replaced. Collective; rank 0 does the work.
    /// - Parameters:
    ///   - description: all that outcomes depend on.
    ///   - samples: images of `shape` that are attacked.
    init(
        _ journal: EvaluationJournal, _ description: JSONValue, _ shape: ImageShape, samples: Int,
        over communicator: any Communicator
    ) throws {
        directory = journal.directory
        let text = description.text()
        identity = SHA256.hexDigest(of: Array(text.utf8))
        refusesDamage = journal.resumes
        self.shape = shape
        self.samples = samples
        self.communicator = communicator
        let path = "\(directory)/\(Self.description)"
        _ = try communicator.leaderDecides {
            try createDirectory(directory)
            if !journal.replaces, access(path, F_OK) == 0 {
                try Self.compare(try FileContents.json(path), description, directory)
                try AtomicFile.removeTemporaries(in: directory)
                goesOn = try directoryEntries(directory).contains { Self.stage(ofFile: $0) != nil }
            } else {
                try begin(text, path)
            }
            return ""
        }
    }

    /// Throws `usage` where a journal that is not to be replaced is another evaluation's. Collective; rank 0 does the work.
    static func require(
        _ journal: EvaluationJournal, _ description: JSONValue, over communicator: any Communicator
    ) throws {
        let path = "\(journal.directory)/\(Self.description)"
        _ = try communicator.leaderDecides {
            if !journal.replaces, access(path, F_OK) == 0 {
                try compare(try FileContents.json(path), description, journal.directory)
            }
            return ""
        }
    }

    /// Takes away what another evaluation has left.
    private func begin(_ text: String, _ path: String) throws {
        // The description goes first, so that what a kill leaves behind is never taken up.
        unlink(path)
        for name in try directoryEntries(directory) where Self.stage(ofFile: name) != nil {
            unlink("\(directory)/\(name)")
        }
        try AtomicFile.removeTemporaries(in: directory)
        try AtomicFile.write(text + "\n", to: path)
    }

    private static func compare(_ written: JSONValue, _ own: JSONValue, _ directory: String) throws {
        let keys = ((own.members ?? []) + (written.members ?? [])).map(\.key)
        for key in keys where written[key] != own[key] {
            let difference =
                switch key {
                case "model", "data": "another \(key)"
                default: "\(key) \(summary(written[key])) there, \(summary(own[key])) here"
                }
            throw Failure(
                .usage,
                "\(directory): belongs to another evaluation (\(difference)); choose another --out, or --force to "
                    + "replace its results")
        }
    }

    /// Attacks by their names, where these tell them apart.
    private static func summary(_ value: JSONValue?) -> String {
        guard let value else { return "not named" }
        let names = value.arrayValue?.compactMap { $0["name"]?.stringValue }
        return String((names.map { $0.joined(separator: ",") } ?? value.text()).prefix(100))
    }

    /// The number of the stage that a file of this name belongs to.
    private static func stage(ofFile name: String) -> Int? {
        let digits = name.prefix { $0.isASCII && $0.isNumber }
        guard digits.count >= 3, name.hasSuffix(ending), name.dropFirst(digits.count).hasPrefix("-") else { return nil }
        return Int(digits)
    }

    private func path(_ stage: Int, _ name: String, part: String) -> String {
        let number = String("\(1000 + stage)".dropFirst())
        let word = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(40))
        return "\(directory)/\(number)-\(word)-\(part)\(Self.ending)"
    }

    /// What is known of a stage from before.
    struct Known {
        /// Of each sample, where anything is known.
        let findings: [AttackFinding?]
        let seconds: Double

        static func nothing(samples: Int) -> Known {
            Known(findings: Array(repeating: nil, count: samples), seconds: 0)
        }
    }

    private struct KnownFinding: BitwiseCopyable {
        let sample: Int
        let finding: AttackFinding
    }

    /// Collective; rank 0 reads. Throws `badInput` for a damaged file where it is not to be done again.
    /// - Parameters:
    ///   - measures: whether there must be distances.
    ///   - isAllowed: whether an adversarial image may be one of a sample.
    ///   - keep: called on rank 0 with each adversarial image.
    func known(
        of stage: Int, measures: Bool, isAllowed: (_ sample: Int, _ image: Source) -> Bool,
        keep: (_ sample: Int, _ image: Source) -> Void
    ) throws -> Known {
        var mine: [KnownFinding] = [], seconds = 0.0
        if communicator.rank == 0 {
            for path in try files(of: stage) {
                do {
                    let found = try StageFindings(
                        path: path, evaluation: identity, shape, count: samples, measures: measures)
                    try found.forEachImage(of: shape) { sample, image in
                        guard isAllowed(sample, image) else {
                            throw Failure.badInput(
                                path, "the image of sample \(sample) is not one that the threat model allows")
                        }
                    }
                    found.forEachImage(of: shape, keep)
                    let lengths = found.distances ?? found.samples.map { _ in 0 }
                    for (place, sample) in found.samples.enumerated() {
                        let finding = AttackFinding(found.outcomes[place], distance: lengths[place])
                        mine.append(KnownFinding(sample: sample, finding: finding))
                    }
                    seconds = max(seconds, found.seconds)
                } catch let failure as Failure where failure.kind == .badInput && !refusesDamage {
                    unlink(path)
                }
            }
        }
        var findings = [AttackFinding?](repeating: nil, count: samples)
        for known in try communicator.allGatherElements(mine) { findings[known.sample] = known.finding }
        return Known(
            findings: findings, seconds: try communicator.broadcastValue(seconds, from: 0))
    }

    /// Keeps what was found of a block. On the rank that has it.
    func write(_ findings: StageFindings, of stage: Int, _ name: String, part: String) throws {
        try findings.write(to: path(stage, name, part: part), evaluation: identity, shape)
    }

    /// Puts what was found of a whole stage into one file in place of its blocks'. On rank 0.
    func close(_ findings: StageFindings, of stage: Int, _ name: String) throws {
        try write(findings, of: stage, name, part: "all")
        let whole = path(stage, name, part: "all")
        for path in try files(of: stage) where path != whole { unlink(path) }
    }

    private func files(of stage: Int) throws -> [String] {
        try directoryEntries(directory).filter { Self.stage(ofFile: $0) == stage }.map { "\(directory)/\($0)" }
    }
}
