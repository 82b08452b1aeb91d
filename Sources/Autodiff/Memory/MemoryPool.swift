import Failures
import Synchronization

/// Memory that is taken from the system once and used again: a fresh page costs about as long as filling it.
///
/// Tensors are made in a pool and their results stay in it, so there is no ambient allocator. Blocks return to the
/// pool when their last tensor goes; the system gets everything back with the pool itself.
public final class MemoryPool: Sendable {
    /// How much memory is in use.
    public struct Usage: Sendable, Equatable {
        /// Bytes that tensors hold now, and the most they have held since the last `resetPeak`.
        public var live = 0, peak = 0
        /// Bytes taken from the system.
        public var reserved = 0
    }

    private struct State {
        /// Small blocks live apart, so that a few that stay do not cut up the room for large ones.
        var small = BlockArena(.whereNeeded), large = BlockArena(.atOnce)
        var usage = Usage()
    }
    private let state = Mutex(State())

    /// How operations on the tensors in this pool are carried out. The pool itself takes no part in it.
    public let execution: Execution

    /// An empty pool; memory is taken as tensors are made.
    public init(for execution: Execution = Execution()) { self.execution = execution }

    deinit {
        state.withLock {
            $0.small.returnAll()
            $0.large.returnAll()
        }
    }

    /// What is in use at this moment.
    public var usage: Usage {
        state.withLock { state in
            var usage = state.usage
            usage.reserved = state.small.reserved + state.large.reserved
            return usage
        }
    }
    /// Forgets earlier peaks: the most that tensors have held is what they hold now.
    public func resetPeak() { state.withLock { $0.usage.peak = $0.usage.live } }

    /// Sizes of small blocks step by an eighth of their power of two: few sizes, and at most an eighth is unused.
    private static func blockBytes(_ bytes: Int) -> Int {
        let eighth = 1 << max(0, Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount - 3)
        let step = bytes > smallBytes ? 4096 : max(64, eighth)
        return (bytes + step - 1) / step * step
    }

    private static let smallBytes = 64 << 10

    func take(bytes: Int) -> UnsafeMutableRawPointer {
        let size = Self.blockBytes(max(bytes, 1))
        let address = state.withLock { state in
            state.usage.live += size
            state.usage.peak = max(state.usage.peak, state.usage.live)
            return size <= Self.smallBytes ? state.small.take(size) : state.large.take(size)
        }
        guard let address, let pointer = UnsafeMutableRawPointer(bitPattern: address) else {
            leave(
                Failure(
                    .missing,
                    "out of memory: the system gave \(usage.reserved >> 20) MB for tensors and refuses "
                        + "\(size) bytes more"))
        }
        return pointer
    }

    func giveBack(_ pointer: UnsafeMutableRawPointer, bytes: Int) {
        let size = Self.blockBytes(max(bytes, 1))
        state.withLock { state in
            state.usage.live -= size
            if size <= Self.smallBytes {
                state.small.giveBack(UInt(bitPattern: pointer), size)
            } else {
                state.large.giveBack(UInt(bitPattern: pointer), size)
            }
        }
    }
}
