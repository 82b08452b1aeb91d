/// How the samples 0 ..< `samples` are shared out: in blocks of neighbours, block b to rank b mod `ranks`. Nothing is
/// padded; there may be ranks without any block.
struct SampleBlocks: Sendable {
    let samples: Int
    let ranks: Int
    /// Samples of a block, except the last one's.
    let length: Int

    /// `batch` is the most that go through the network at once.
    init(samples: Int, ranks: Int, batch: Int) {
        precondition(samples > 0 && ranks > 0 && batch > 0, "SampleBlocks: \(samples), \(ranks), \(batch)")
        self.samples = samples
        self.ranks = ranks
        length = min(batch, (samples + ranks - 1) / ranks)
    }

    /// The most blocks that a rank has.
    var rounds: Int { (samples + ranks * length - 1) / (ranks * length) }

    /// A rank's block number `round`; empty past its last.
    func block(_ round: Int, of rank: Int) -> Range<Int> {
        let start = min((round * ranks + rank) * length, samples)
        return start..<min(start + length, samples)
    }

    /// The blocks of a rank, without empty ones.
    func blocks(of rank: Int) -> [Range<Int>] {
        (0..<rounds).map { block($0, of: rank) }.filter { !$0.isEmpty }
    }

    /// The samples of a rank in ascending order.
    func samples(of rank: Int) -> [Int] { blocks(of: rank).flatMap { Array($0) } }
}
