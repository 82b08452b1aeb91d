import Failures
import Formats
import Glibc

/// The checkpoint that a path names: itself, or one of the run directory that it is.
public struct NamedCheckpoint {
    /// Which of a run directory's checkpoints is meant.
    public enum Preference: Sendable { case best, newest }

    /// Of the file.
    public let path: String
    /// What the user should know: which checkpoint it is, and which damaged ones were passed over.
    public let notices: [String]

    /// Of a run directory, or its folder of checkpoints, the best one where that is preferred and there is one, else
    /// the newest; only one that is intact. Throws `badInput` where there is none.
    public init(_ path: String, preferring preference: Preference = .best) throws {
        guard let folder = Self.folder(path) else {
            self.path = path
            notices = []
            return
        }
        var candidates = try folder.numbered().map { (path: $0.path, word: "newest") }
        if preference == .best, access(folder.best, F_OK) == 0 { candidates.insert((folder.best, "best"), at: 0) }
        var notices: [String] = []
        for candidate in candidates {
            do {
                guard try SafetensorsFile(path: candidate.path).verifyChecksum() else {
                    throw Failure.badInput(candidate.path, "no checksum")
                }
                self.path = candidate.path
                self.notices = notices + ["\(path): takes its \(candidate.word) checkpoint, \(candidate.path)"]
                return
            } catch let failure as Failure where failure.kind == .badInput {
                notices.append("damaged checkpoint passed over: \(failure)")
            }
        }
        throw Failure.badInput(
            folder.path, candidates.isEmpty ? "holds no checkpoint" : "holds no intact checkpoint",
            expected: "a checkpoint, or a run directory with one")
    }

    /// Nil for what is no folder.
    private static func folder(_ path: String) -> CheckpointFolder? {
        let inside = path + "/checkpoints"
        if access(inside, F_OK) == 0 { return CheckpointFolder(path: inside) }
        return access(path + "/.", F_OK) == 0 ? CheckpointFolder(path: path) : nil
    }
}
