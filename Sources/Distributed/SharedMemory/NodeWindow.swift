import Glibc

/// A block of memory of every rank of a machine, which all of them read and write.
///
/// Not MPI's windows: those need room in /dev/shm, of which containers have little, and when it is full later than
/// at their creation, a rank dies of a signal.
final class NodeWindow {
    /// The first bytes of a block, which say whose it is.
    static let markBytes = 64

    /// By place among the machine's ranks.
    private let memories: [SharedMemory]

    private init(_ memories: [SharedMemory]) { self.memories = memories }

    /// The block of the machine's rank number `place`, with zeros behind the mark.
    func block(_ place: Int) -> UnsafeMutableRawPointer { memories[place].base }

    private struct Offer {
        var process: Int32, file: Int32, bytes: Int, mark: UInt64
    }

    /// Collective.
    /// - Parameters:
    ///   - bytes: the length of this rank's block, the mark included.
    ///   - isWanted: whether this rank takes part; one that does not is enough for having no window.
    /// - Returns: nil, on every rank of the job, if one of them cannot share its memory or see a neighbour's.
    static func open(
        _ communicator: any Communicator, bytes: Int, isWanted: Bool
    ) throws -> NodeWindow? {
        precondition(bytes >= markBytes, "NodeWindow: a block of \(bytes) bytes")
        let own = isWanted ? SharedMemory(bytes: bytes) : nil
        let mark = UInt64.random(in: 1 ... .max)
        own?.base.storeBytes(of: mark, as: UInt64.self)
        let offers = try communicator.allGatherValue(
            Offer(process: getpid(), file: own?.file ?? -1, bytes: bytes, mark: mark))
        guard let own, offers.allSatisfy({ $0.file >= 0 }) else { return nil }

        let neighbours = communicator.neighbours
        let memories = neighbours.compactMap { rank -> SharedMemory? in
            if rank == communicator.rank { return own }
            let offer = offers[rank]
            let memory = SharedMemory(of: offer.process, file: offer.file, bytes: offer.bytes)
            // Where ranks have process numbers of their own, those of others lead to something else.
            return memory.flatMap { $0.base.load(as: UInt64.self) == offer.mark ? $0 : nil }
        }
        let someoneFailed = try communicator.anyRank(memories.count < neighbours.count)
        own.closeToOthers()
        return someoneFailed ? nil : NodeWindow(memories)
    }
}
