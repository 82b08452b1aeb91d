import Glibc
import Kernels
import Synchronization
import Tracing

/// Memory that is taken from the system once and used again: a fresh page costs about as long as filling it.
///
/// Tensors are made in a pool and their results stay in it, so there is no ambient allocator. Blocks return to the
/// pool when their last tensor goes; the system gets everything back with the pool itself.
public final class MemoryPool: Sendable {
    public struct Usage: Sendable, Equatable {
        /// Bytes that tensors hold now, and the most they have held since the last `resetPeak`.
        public var live = 0, peak = 0
        /// Bytes taken from the system.
        public var reserved = 0
    }

    private struct State {
        var free: [Int: [UInt]] = [:]
        var regions: [(start: UInt, bytes: Int)] = []
        var next: UInt = 0
        var left = 0
        var usage = Usage()
        var firstNonFinite: String?
    }
    private let state = Mutex(State())
    /// Whether every operation's result is searched for numbers that are not finite. Slow; for debugging.
    let checksResults: Bool

    /// How convolutions of tensors in this pool are computed.
    let convolution: ConvolutionEngine

    /// Where the time of every operation is noted, if anywhere.
    public let trace: SpanRecorder?

    public init(
        checkingResults: Bool = false, convolution: ConvolutionPreference = .auto, trace: SpanRecorder? = nil
    ) {
        checksResults = checkingResults
        self.trace = trace
        self.convolution = ConvolutionEngine(convolution)
    }

    /// The name of the first operation in this pool whose result was not finite, if results are checked.
    public var firstNonFinite: String? { state.withLock { $0.firstNonFinite } }
    func reportNonFinite(_ operation: String) {
        state.withLock { if $0.firstNonFinite == nil { $0.firstNonFinite = operation } }
    }

    deinit {
        state.withLock {
            for region in $0.regions { munmap(UnsafeMutableRawPointer(bitPattern: region.start), region.bytes) }
        }
    }

    public var usage: Usage { state.withLock { $0.usage } }
    public func resetPeak() { state.withLock { $0.usage.peak = $0.usage.live } }

    /// Sizes step by an eighth of their power of two, so at most an eighth of a block is unused.
    private static func blockBytes(_ bytes: Int) -> Int {
        if bytes <= 512 { return (bytes + 63) / 64 * 64 }
        let step = 1 << (Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount - 3)
        return (bytes + step - 1) / step * step
    }

    func take(bytes: Int) -> UnsafeMutableRawPointer {
        let size = Self.blockBytes(max(bytes, 1))
        let address = state.withLock { state in
            state.usage.live += size
            state.usage.peak = max(state.usage.peak, state.usage.live)
            if let reused = state.free[size]?.popLast() { return reused }
            if size > state.left {
                // What is left of the old region is dropped; regions are large beside it or belong to one block.
                let hugePage = 2 << 20
                let bytes = max(64 << 20, (size + hugePage - 1) / hugePage * hugePage)
                state.next = Self.map(bytes)
                state.left = bytes
                state.regions.append((state.next, bytes))
                state.usage.reserved += bytes
            }
            defer {
                state.next += UInt(size)
                state.left -= size
            }
            return state.next
        }
        guard let pointer = UnsafeMutableRawPointer(bitPattern: address) else {
            preconditionFailure("MemoryPool: the system has no \(size) bytes left")
        }
        return pointer
    }

    func giveBack(_ pointer: UnsafeMutableRawPointer, bytes: Int) {
        let size = Self.blockBytes(max(bytes, 1))
        state.withLock { state in
            state.usage.live -= size
            state.free[size, default: []].append(UInt(bitPattern: pointer))
        }
    }

    /// Address of `bytes` fresh bytes on huge pages where the system has them, or 0.
    private static func map(_ bytes: Int) -> UInt {
        let pointer = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pointer, pointer != MAP_FAILED else { return 0 }
        _ = madvise(pointer, bytes, MADV_HUGEPAGE)
        return UInt(bitPattern: pointer)
    }
}
