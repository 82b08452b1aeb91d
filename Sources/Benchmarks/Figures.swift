import Distributed
import Formats
import Glibc
import Training

/// A number as a benchmark prints it: four digits are more than repeat.
func figure(_ value: Double) -> JSONValue {
    guard value != 0, value.isFinite else { return JSONValue(value) }
    // Multiplied and divided by whole powers of ten, which are exact, so that no tail of nines is printed.
    let places = 3 - Int(log10(abs(value)).rounded(.down)), power = pow(10, Double(abs(places)))
    return JSONValue(places >= 0 ? (value * power).rounded() / power : (value / power).rounded() * power)
}

/// Smallest, median and largest of the ranks' values.
func spread(_ values: [Double]) -> JSONValue {
    let quantiles = Quantiles(values)
    return ["min": figure(quantiles.least), "median": figure(quantiles.median), "max": figure(quantiles.largest)]
}

extension Times {
    /// `seconds_cpu` beside `seconds_median` tells how much of a core others took.
    var members: [JSONValue.Member] {
        [
            .init("runs", JSONValue(count)), .init("seconds_median", figure(median)),
            .init("seconds_best", figure(best)), .init("seconds_cpu", figure(processorMedian)),
        ]
    }
}

/// What every line of a benchmark says besides its own figures.
struct RunFigures {
    let ranks: Int
    /// The sum over ranks.
    let peak: Double

    /// Collective.
    init(_ communicator: any Communicator) throws {
        ranks = communicator.size
        // All at once, as they will work.
        try communicator.barrier()
        peak = try communicator.allGatherValue(ArithmeticPeak.measure()).reduce(0, +)
    }

    /// The members that follow from a rate of operations, if there is one, and from the process. Collective.
    func members(_ communicator: any Communicator, operationsPerSecond: Double? = nil) throws -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if let operationsPerSecond {
            members.append(.init("gflops_effective", figure(operationsPerSecond * 1e-9)))
            members.append(.init("peak_fraction", figure(operationsPerSecond / peak)))
        }
        members.append(.init("peak_gflops", figure(peak * 1e-9)))
        let resident = try communicator.allGatherValue(Double(peakResidentBytes())).max() ?? 0
        members.append(.init("peak_rss_mb", figure(resident * 1e-6)))
        members.append(.init("ranks", JSONValue(ranks)))
        members.append(.init("threads", 1))
        return members
    }
}

/// One line of a benchmark's output.
func line(_ name: String, _ parts: [JSONValue.Member]...) -> JSONValue {
    .object([JSONValue.Member("benchmark", JSONValue(name))] + parts.flatMap { $0 })
}
