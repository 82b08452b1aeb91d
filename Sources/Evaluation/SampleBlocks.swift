/// Samples cut into blocks of neighbours, which ranks take as they become free. Nothing is padded.
struct SampleBlocks: Sendable {
    let samples: [Int]
    /// Where each block begins in `samples`, ascending.
    private let starts: [Int]

    /// The fewest that ranks are given while there is more for all: one image takes a thin network as long as two do, and
    /// more than half as long as four.
    private static let smallest = 4

    /// `batch` is the most that go through the network at once. With several ranks the blocks shrink towards the end,
    /// so that all ranks end at about the same time however long an attack takes on an image.
    init(_ samples: [Int], ranks: Int, batch: Int) {
        precondition(ranks > 0 && batch > 0, "SampleBlocks: \(ranks) ranks, batch \(batch)")
        self.samples = samples
        let smallest = min(Self.smallest, max(1, samples.count / ranks))
        var starts: [Int] = [], next = 0
        while next < samples.count {
            starts.append(next)
            let left = samples.count - next
            // One and a half blocks of this size would be left for each rank.
            let even = ranks == 1 ? left : max(smallest, 2 * left / (3 * ranks))
            next += min(batch, left - even < smallest ? left : even)
        }
        self.starts = starts
    }

    /// The first of a block's places in `samples`.
    func start(_ block: Int) -> Int { block < starts.count ? starts[block] : samples.count }

    /// Block number `block`, nil past the last.
    func block(_ block: Int) -> [Int]? {
        block < starts.count ? Array(samples[starts[block]..<min(start(block + 1), samples.count)]) : nil
    }
}
