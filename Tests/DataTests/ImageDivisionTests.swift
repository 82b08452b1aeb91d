import Data
import Testing

@Suite struct ImageDivisionTests {
    private func division(
        of count: Int = 100, limit: Int? = nil, heldOut: Int? = nil, isWatched: Bool = true
    ) -> ImageDivision {
        ImageDivision(of: count, limit: limit, heldOut: heldOut, isWatched: isWatched, seed: 5)
    }
    private var order: [Int] { EpochOrder.fixedOrder(seed: 5, count: 100) }

    @Test func theFrontOfTheOrderIsTrainedOnAndItsEndIsHeldOut() {
        #expect(division().trainedOn == Array(order.prefix(90)))
        #expect(division().heldOut == Array(order.suffix(10)))
        #expect(division(isWatched: false).trainedOn == order)
        #expect(division(isWatched: false).heldOut.isEmpty)
        #expect(division(limit: 50).trainedOn == Array(order.prefix(50)))
        #expect(division(limit: 50).heldOut == Array(order.suffix(5)))
        #expect(division(limit: 50, heldOut: 20).heldOut == Array(order.suffix(20)))
        #expect(division(heldOut: 20, isWatched: false).trainedOn == Array(order.prefix(80)))
        #expect(division(of: 60_000).heldOut.count == 1000)
        for division in [division(), division(limit: 50), division(limit: 95, heldOut: 5)] {
            #expect(division.shortfalls.isEmpty)
            #expect(Set(division.trainedOn).isDisjoint(with: division.heldOut))
        }
    }

    @Test func whatIsNotThereIsSaid() {
        func said(_ division: ImageDivision) -> [String] { division.shortfalls.map(\.description) }
        #expect(
            said(division(limit: 101, isWatched: false)) == [
                "data.limit is 101, but there are 100 images to train on: all are taken"
            ])
        #expect(division(limit: 101, isWatched: false).trainedOn == order)
        #expect(
            said(division(limit: 100)) == [
                "data.limit is 100, but there are 90 images to train on beside 10 held out: all are taken"
            ])
        #expect(
            said(division(limit: 90, heldOut: 11)) == [
                "data.limit is 90, but there are 89 images to train on beside 11 held out: all are taken"
            ])
        #expect(
            said(division(heldOut: 2000)) == [
                "data.validation is 2,000, but there are 100 images to hold out: all are taken"
            ])
    }
}
