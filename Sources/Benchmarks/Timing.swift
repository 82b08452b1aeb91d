import Distributed
import Tracing

/// Seconds of repeated runs.
struct Times {
    private(set) var seconds: [Double] = []
    /// Of this process's work, without the time that its core was given to others.
    private(set) var processorSeconds: [Double] = []

    var count: Int { seconds.count }
    var median: Double { Quantiles(seconds).median }
    var best: Double { Quantiles(seconds).least }
    var processorMedian: Double { Quantiles(processorSeconds).median }

    /// Runs `body` and notes how long it took, unless it is to warm up.
    mutating func add(if counts: Bool = true, _ body: () throws -> Void) rethrows {
        let start = monotonicSeconds(), worked = processorTimeSeconds()
        try body()
        guard counts else { return }
        seconds.append(monotonicSeconds() - start)
        processorSeconds.append(processorTimeSeconds() - worked)
    }
}

/// Values in ascending order.
struct Quantiles {
    private let values: [Double]

    init(_ values: [Double]) { self.values = values.sorted() }

    var least: Double { values.first ?? 0 }
    /// Of an even number of values the lower one in the middle.
    var median: Double { values.isEmpty ? 0 : values[(values.count - 1) / 2] }
    var largest: Double { values.last ?? 0 }
}

/// Runs `body` on every rank, once to warm up and then for about `seconds` of rank 0's time, `least` times at least.
/// Every run starts on all ranks together. Collective. The argument of `body` is false for the warm-up.
func repeated(
    over communicator: any Communicator, seconds: Double, least: Int = 3, _ body: (_ counts: Bool) throws -> Void
) throws {
    try body(false)
    let start = monotonicSeconds()
    var runs = 0
    while try communicator.broadcastValue(runs < least || monotonicSeconds() - start < seconds, from: 0) {
        communicator.heartbeat.beat("benchmark", step: runs)
        try communicator.barrier()
        try body(true)
        runs += 1
    }
}

/// As `repeated`, with the times of the runs on this rank.
func timed(
    over communicator: any Communicator, seconds: Double, least: Int = 3, _ body: () throws -> Void
) throws -> Times {
    var times = Times()
    try repeated(over: communicator, seconds: seconds, least: least) { try times.add(if: $0, body) }
    return times
}
