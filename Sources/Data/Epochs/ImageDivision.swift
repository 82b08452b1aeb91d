/// Which images of a data set's training part a run has: those that it trains on, and those that are held out. These
/// are never trained on and are none of the test images, so models may be chosen by them.
public struct ImageDivision: Sendable, Equatable {
    /// Places in the data set, in the order that does not change with the epoch.
    public let trainedOn: [Int]
    /// Likewise, from the order's end.
    public let heldOut: [Int]
    /// What was asked for and is not there.
    public let shortfalls: [Shortfall]

    /// The first images of the order are trained on, the last ones are held out.
    /// - Parameters:
    ///   - count: images that there are.
    ///   - limit: images to train on; nil: all that are not held out.
    ///   - wantedHeldOut: nil: a tenth of what is trained on, at most 1,000, and none where nobody watches the run.
    ///   - seed: of the order.
    public init(of count: Int, limit: Int?, heldOut wantedHeldOut: Int?, isWatched: Bool, seed: UInt64) {
        let order = EpochOrder.fixedOrder(seed: seed, count: count)
        let wanted = min(limit ?? count, count)
        let heldOutCount = min(wantedHeldOut ?? (isWatched ? min(1000, wanted / 10) : 0), count)
        let used = min(wanted, count - heldOutCount)
        trainedOn = Array(order.prefix(used))
        heldOut = Array(order.suffix(heldOutCount))
        let beside = heldOutCount > 0 ? " beside \(grouped(heldOutCount)) held out" : ""
        shortfalls = [
            Shortfall("data.limit", limit, of: "images to train on\(beside)", available: used),
            Shortfall("data.validation", wantedHeldOut, of: "images to hold out", available: heldOutCount),
        ].compactMap(\.self)
    }
}
