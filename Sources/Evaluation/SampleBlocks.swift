/// Samples cut into blocks of neighbours, which ranks take as they become free. Nothing is padded.
struct SampleBlocks: Sendable {
    let samples: [Int]
    /// Samples of a block, except the last one's.
    let length: Int

    /// `batch` is the most that go through the network at once. With several ranks the blocks are small enough for
    /// each rank to take a few, so that all end at about the same time.
    init(_ samples: [Int], ranks: Int, batch: Int) {
        precondition(ranks > 0 && batch > 0, "SampleBlocks: \(ranks) ranks, batch \(batch)")
        self.samples = samples
        let shares = ranks == 1 ? 1 : 4 * ranks
        length = max(1, min(batch, (samples.count + shares - 1) / shares))
    }

    /// The first of a block's places in `samples`.
    func start(_ block: Int) -> Int { min(block * length, samples.count) }

    /// Block number `block`, nil past the last.
    func block(_ block: Int) -> [Int]? {
        let start = start(block)
        return start < samples.count ? Array(samples[start..<min(start + length, samples.count)]) : nil
    }
}
