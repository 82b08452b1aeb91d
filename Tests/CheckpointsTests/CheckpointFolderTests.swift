import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct CheckpointFolderTests {
    /// The steps that are left after each of `written` in turn.
    private func left(_ written: [Int], keep: Int, every: Int) throws -> [[Int]] {
        let directory = TemporaryDirectory(), folder = CheckpointFolder(path: directory.path)
        return try written.map { step in
            try Data().write(to: URL(fileURLWithPath: folder.file(step: step)))
            try folder.prune(keep: keep, every: every)
            return try folder.numbered().map(\.step)
        }
    }

    /// A stop at 13, 34 and 35 leaves in the end what no stop would have left.
    @Test func whatAStopLeftGoesWithTheNext() throws {
        #expect(try left([10, 13, 20, 30, 34, 35, 40], keep: 3, every: 10).last == [40, 30, 20])
        #expect(try left([10, 20, 30, 40], keep: 3, every: 10).last == [40, 30, 20])
        #expect(try left([10, 13], keep: 3, every: 10) == [[10], [13, 10]])
        #expect(try left([10, 13, 20], keep: 1, every: 10) == [[10], [13], [20]])
        // The last step of a run need not be a multiple.
        #expect(try left([0, 10, 20, 25], keep: 3, every: 10).last == [25, 20, 10])
    }

    @Test func withoutRegularCheckpointsTheNewestAreKept() throws {
        #expect(try left([3, 7, 12, 13], keep: 3, every: 0).last == [13, 12, 7])
    }
}
