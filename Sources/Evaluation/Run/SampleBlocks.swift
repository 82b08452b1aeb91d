/// Samples cut into blocks of neighbours, which ranks take as they become free. Nothing is padded.
struct SampleBlocks: Sendable {
    let samples: [Int]
    /// Where each block begins in `samples`, ascending.
    private let starts: [Int]

    /// Ranks' shares of what is left that are cut no further: an image takes a thin network longer when it comes alone.
    private static let smallestShare = 8

    /// `batch` is the most that go through the network at once.
    ///
    /// Blocks come in rounds of one a rank, each of three quarters of what is left, and the last of all. So ranks end
    /// together where images take equally long, which those do that survive; what is left after a round evens out where
    /// some gave way early.
    init(_ samples: [Int], ranks: Int, batch: Int) {
        precondition(ranks > 0 && batch > 0, "SampleBlocks: \(ranks) ranks, batch \(batch)")
        self.samples = samples
        let batch = min(batch, max(1, samples.count))
        var starts: [Int] = [], next = 0
        while next < samples.count {
            let left = samples.count - next
            let isLast = ranks == 1 || left <= Self.smallestShare * ranks
            let round = isLast ? left : ranks * min(batch, left * 3 / (4 * ranks))
            let turns = (round + ranks * batch - 1) / (ranks * batch), blocks = min(round, ranks * turns)
            starts += (0..<blocks).map { next + $0 * round / blocks }
            next += round
        }
        self.starts = starts
    }

    /// The first of a block's places in `samples`.
    func start(_ block: Int) -> Int { block < starts.count ? starts[block] : samples.count }

    /// Block number `block`, nil past the last.
    func block(_ block: Int) -> [Int]? {
        block < starts.count ? Array(samples[starts[block]..<start(block + 1)]) : nil
    }
}
