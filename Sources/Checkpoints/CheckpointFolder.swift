import Failures
import Formats
import Glibc

/// The numbered checkpoints of a run. Used by rank 0 alone.
public struct CheckpointFolder {
    public let path: String
    /// The folder need not be there yet.
    public init(path: String) { self.path = path }
    /// The best checkpoint by held-out images, where there is one.
    public var best: String { path + "/best.safetensors" }

    /// The checkpoint after so many steps.
    public func file(step: Int) -> String {
        let digits = String(step)
        return path + "/step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".safetensors"
    }

    /// Numbered checkpoints, newest first. Left-over temporary files are not among them.
    public func numbered() throws -> [(step: Int, path: String)] {
        guard access(path, F_OK) == 0 else { return [] }
        return try directoryEntries(path).compactMap { name -> (step: Int, path: String)? in
            guard name.hasPrefix("step-"), name.hasSuffix(".safetensors"),
                let step = Int(name.dropFirst(5).dropLast(12))
            else { return nil }
            return (step, path + "/" + name)
        }.sorted { $0.step > $1.step }
    }

    /// Removes all but the newest `keep`.
    public func prune(keep: Int) throws {
        for old in try numbered().dropFirst(keep) { unlink(old.path) }
    }
}
