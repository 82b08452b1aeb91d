import Autodiff
import Kernels
import Testing

@Suite struct MemoryPoolTests {
    @Test func blocksAreUsedAgain() {
        let pool = MemoryPool()
        var address: UInt = 0
        do {
            let tensor = Tensor([1000], repeating: 1, in: pool)
            address = UInt(bitPattern: tensor.pointer)
            #expect(pool.usage.live >= 1000 * MemoryLayout<Scalar>.stride)
        }
        #expect(pool.usage.live == 0)
        let again = Tensor([1000], repeating: 2, in: pool)
        #expect(UInt(bitPattern: again.pointer) == address)
        #expect(again.array.allSatisfy { $0 == 2 })
    }

    @Test func blocksDoNotOverlap() {
        let pool = MemoryPool()
        let counts = [0, 1, 7, 16, 100, 129, 1000, 1025, 5000, 70_001]
        var tensors: [Tensor] = []
        for round in 0..<3 {
            for (index, count) in counts.enumerated() {
                tensors.append(Tensor([count], repeating: Scalar(100 * round + index), in: pool))
            }
            // Every other one goes, so that later rounds mix old blocks with new.
            if round == 1 { tensors = tensors.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) }
        }
        let ranges = tensors.filter { $0.shape.count > 0 }.map { tensor -> (UInt, UInt) in
            let start = UInt(bitPattern: tensor.pointer)
            #expect(start % 64 == 0)
            #expect(Set(tensor.array).count == 1)
            return (start, start + UInt(tensor.shape.count * MemoryLayout<Scalar>.stride))
        }.sorted { $0.0 < $1.0 }
        for (a, b) in zip(ranges, ranges.dropFirst()) { #expect(a.1 <= b.0) }
    }

    @Test func usage() {
        let pool = MemoryPool()
        #expect(pool.usage.live == 0 && pool.usage.peak == 0 && pool.usage.reserved == 0)
        var tensor: Tensor? = Tensor([10_000], repeating: 1, in: pool)
        let held = pool.usage.live, bytes = 10_000 * MemoryLayout<Scalar>.stride
        #expect(held >= bytes && held <= bytes * 9 / 8 + 64)
        #expect(pool.usage.reserved >= held)
        tensor = nil
        #expect(tensor == nil && pool.usage.live == 0 && pool.usage.peak == held)
        pool.resetPeak()
        #expect(pool.usage.peak == 0)
    }

    /// Batches that shrink, as those of an attack's survivors do, need no more memory than the first, whose blocks are
    /// small beside the region that they are cut from.
    @Test func blocksOfOtherSizesAreCutFromThoseThatWait() {
        let pool = MemoryPool()
        func batch(_ images: Int) {
            let tensors = (0..<6).map { _ in Tensor([images, 10_000], repeating: 1, in: pool) }
            #expect(tensors.allSatisfy { $0.pointer[0] == 1 })
        }
        batch(64)
        let reserved = pool.usage.reserved
        for images in stride(from: 63, to: 1, by: -1) { batch(images) }
        #expect(pool.usage.reserved == reserved)
        batch(64)
        #expect(pool.usage.reserved == reserved)
    }

    /// Neighbours that come back are one room, whatever the order, and it grows at its end by what is missing alone.
    @Test(arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]])
    func roomIsOnePiece(order: [Int]) {
        let pool = MemoryPool(), megabyte = (1 << 20) / MemoryLayout<Scalar>.stride
        func block(_ megabytes: Int) -> Tensor? { Tensor([megabytes * megabyte], repeating: 1, in: pool) }
        var blocks = [6, 2, 10, 4].map(block)
        #expect(pool.usage.reserved == 22 << 20)
        for place in order { blocks[place] = nil }
        #expect(pool.usage.live == 0)
        blocks = [block(22)]
        #expect(pool.usage.reserved == 22 << 20)
        blocks = []
        blocks = [block(30)]
        #expect(pool.usage.reserved == 30 << 20)
    }

    /// Hundreds of blocks that come and go as a sequence of numbers says, each with numbers of its own.
    @Test func blocksThatComeAndGoKeepTheirNumbers() {
        let pool = MemoryPool()
        var state: UInt64 = 1, held: [(value: Scalar, tensor: Tensor)] = []
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for step in 0..<600 {
            if held.count > 20 || step % 3 == 2 {
                let gone = held.remove(at: next(held.count))
                let count = gone.tensor.shape.count
                #expect([0, count / 2, count - 1].allSatisfy { gone.tensor.pointer[$0] == gone.value })
            }
            let value = Scalar(step)
            held.append((value, Tensor([next(1 << (4 + next(16))) + 1], repeating: value, in: pool)))
        }
        #expect(held.allSatisfy { value, tensor in tensor.array.allSatisfy { $0 == value } })
        #expect(pool.usage.reserved <= pool.usage.peak * 3 / 2 + 4 << 20)
    }

    @Test func largeBlocks() {
        let pool = MemoryPool(), count = (80 << 20) / MemoryLayout<Scalar>.stride
        let tensor = Tensor([count], in: pool) {
            $0[0] = 1
            $0[count - 1] = 2
        }
        #expect(tensor.pointer[0] == 1 && tensor.pointer[count - 1] == 2)
        #expect(pool.usage.reserved >= 80 << 20)
    }

    @Test func poolsOutliveTheirTensorsAndNotLonger() {
        weak var pool: MemoryPool?
        do {
            let tensor = Tensor([3], [1, 2, 3], in: MemoryPool())
            pool = tensor.pool
            #expect(pool != nil && tensor.array == [1, 2, 3])
        }
        #expect(pool == nil)
    }

    @Test func threadsShareAPool() async {
        let pool = MemoryPool()
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<4 {
                group.addTask {
                    (0..<200).allSatisfy { round in
                        let value = Scalar(task * 1000 + round)
                        return Tensor([round + 1], repeating: value, in: pool).array.allSatisfy { $0 == value }
                    }
                }
            }
            for await correct in group { #expect(correct) }
        }
        #expect(pool.usage.live == 0)
    }
}
