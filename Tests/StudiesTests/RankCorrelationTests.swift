import Studies
import Testing

@Suite struct RankCorrelationTests {
    /// SciPy's spearmanr, and Bonett and Wright's interval in NumPy.
    @Test func agreesWithSciPyWhereValuesAreTied() throws {
        let x = [0.12, 0.5, 0.31, 0.31, 0.77, 0.02, 0.45, 0.6], y = [3.0, 40, 12, 20, 41, 3, 25, 24]
        let found = try #require(RankCorrelation(x, y))
        #expect(abs(found.coefficient - 0.9156626506024095) < 1e-12)
        let interval = try #require(found.interval)
        #expect(abs(interval.lowerBound - 0.4756035016244277) < 1e-9)
        #expect(abs(interval.upperBound - 0.9891512541955834) < 1e-9)
    }

    @Test func isOneForAnyRisingCurve() throws {
        let x = (0..<6).map(Double.init)
        #expect(RankCorrelation(x, x.map { $0 * $0 * $0 })?.coefficient == 1)
        #expect(RankCorrelation(x, x.map { -$0 })?.coefficient == -1)
    }

    @Test func isNothingForTooFewPairsOrEqualValues() {
        #expect(RankCorrelation([1, 2], [1, 2]) == nil)
        #expect(RankCorrelation([1, 1, 1], [1, 2, 3]) == nil)
        #expect(RankCorrelation([1, 2, 3], [1, 2, 3])?.interval == nil)
    }
}
