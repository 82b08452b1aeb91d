import Glibc
import Kernels

/// Vectors of one length that are used again and again, because the first touch of a fresh page is slow.
final class VectorPool {
    let count: Int
    private var all: [UnsafeMutablePointer<Scalar>] = []
    private var free: [UnsafeMutablePointer<Scalar>] = []

    init(count: Int) { self.count = count }

    /// A vector with any contents.
    func take() -> UnsafeMutablePointer<Scalar> {
        if let vector = free.popLast() { return vector }
        let hugePage = 2 << 20
        let bytes = max(count * MemoryLayout<Scalar>.stride, 1)
        let isLarge = bytes >= hugePage
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? hugePage : 64)
        // Advice only: without huge pages it is slower.
        if isLarge { madvise(memory, bytes, MADV_HUGEPAGE) }
        let vector = memory.bindMemory(to: Scalar.self, capacity: count)
        // The caller must never see memory that was never written.
        vector.initialize(repeating: 0, count: count)
        all.append(vector)
        return vector
    }

    func giveBack(_ vector: UnsafeMutablePointer<Scalar>) { free.append(vector) }

    deinit { for vector in all { vector.deallocate() } }
}
