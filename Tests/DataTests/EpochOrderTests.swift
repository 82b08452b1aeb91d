import Data
import Testing

@Suite struct EpochOrderTests {
    @Test func orderIsAPermutationFixedBySeedAndEpoch() {
        let order = EpochOrder(seed: 1, epoch: 3, count: 1000)
        #expect(order.indices.sorted() == Array(0..<1000))
        #expect(order.indices == EpochOrder(seed: 1, epoch: 3, count: 1000).indices)
        #expect(order.indices != EpochOrder(seed: 2, epoch: 3, count: 1000).indices)
        #expect(order.indices != EpochOrder(seed: 1, epoch: 4, count: 1000).indices)
        #expect(order.indices != EpochOrder.fixedOrder(seed: 1, count: 1000))
    }

    @Test func batchesDropTheIncompleteLastOne() {
        let order = EpochOrder(seed: 1, epoch: 0, count: 10)
        let batches = order.batches(batchSize: 4)
        #expect(batches.map(\.count) == [4, 4])
        #expect(batches.flatMap { $0 } == Array(order.indices[..<8]))
        #expect(order.batches(batchSize: 5).count == 2)
        #expect(order.batches(batchSize: 11).isEmpty)
        #expect(EpochOrder(seed: 1, epoch: 0, count: 0).batches(batchSize: 1).isEmpty)
    }

    @Test func fixedOrderIsAPermutationFixedBySeed() {
        let order = EpochOrder.fixedOrder(seed: 1, count: 100)
        #expect(order.sorted() == Array(0..<100))
        #expect(order == EpochOrder.fixedOrder(seed: 1, count: 100))
        #expect(order != EpochOrder.fixedOrder(seed: 2, count: 100))
        #expect(order != Array(0..<100))
    }

    /// Runs recorded with an earlier build go on the same way: these numbers must never change.
    @Test func ordersAreTheRecordedOnes() {
        #expect(EpochOrder(seed: 1, epoch: 2, count: 8).indices == [5, 0, 7, 2, 4, 1, 3, 6])
        #expect(EpochOrder.fixedOrder(seed: 1, count: 8) == [7, 5, 3, 6, 1, 4, 0, 2])
    }
}
