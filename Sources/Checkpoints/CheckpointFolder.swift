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

    /// Removes all but the newest `keep`, and of these what a stop has left between two multiples of `every` steps, once
    /// there is a newer one: a run that was stopped ends with the checkpoints of one that was not.
    /// - Parameter every: 0 where no steps are those of checkpoints.
    public func prune(keep: Int, every: Int) throws {
        let all = try numbered()
        let lasting = all.enumerated().filter { place, file in place == 0 || every == 0 || file.step % every == 0 }
        let kept = Set(lasting.prefix(keep).map(\.element.step))
        for file in all where !kept.contains(file.step) { unlink(file.path) }
    }
}
