import Glibc

/// Quantiles of the distributions that certificates are made of.
public enum Quantiles {
    /// What a probability is at least after so many successes in independent tries, the lower end of Clopper and Pearson's
    /// one-sided interval (1934): the probability is below it in a share `alpha` of all experiments at most. It is the
    /// probability with which as many successes or more have the chance `alpha`, and the quantile `alpha` of a beta
    /// distribution of parameters `successes` and `tries` - `successes` + 1.
    public static func binomialLowerBound(successes: Int, tries: Int, alpha: Double) -> Double {
        precondition(
            0 <= successes && successes <= tries && tries > 0 && alpha > 0 && alpha < 1,
            "Quantiles: \(successes) of \(tries) with alpha \(alpha)")
        guard successes > 0 else { return 0 }
        // Which rounding could make a certainty.
        if successes == tries { return min(pow(alpha, 1 / Double(tries)), 1.0.nextDown) }
        let a = Double(successes), b = Double(tries - successes + 1)
        return bisection(0, 1) { incompleteBeta(a, b, $0) < alpha }
    }

    /// How likely a fair coin is to be as far from half of its tries as that, on either side; 1 without tries.
    public static func fairCoin(successes: Int, tries: Int) -> Double {
        precondition(0 <= successes && successes <= tries, "Quantiles: \(successes) of \(tries)")
        let most = max(successes, tries - successes)
        guard 2 * most > tries else { return 1 }
        return min(1, 2 * incompleteBeta(Double(most), Double(tries - most + 1), 0.5))
    }

    /// The last number of an interval where `isBelow`, which holds at its lower end alone, still holds.
    private static func bisection(_ low: Double, _ high: Double, isBelow: (Double) -> Bool) -> Double {
        var (low, high) = (low, high)
        while case let middle = low + (high - low) / 2, middle > low, middle < high {
            if isBelow(middle) { low = middle } else { high = middle }
        }
        return low
    }

    /// The number that a standard normal one is below with this probability, from 1/2 to less than 1.
    public static func normal(_ probability: Double) -> Double {
        precondition(probability >= 0.5 && probability < 1, "Quantiles: probability \(probability)")
        return bisection(0, 40) { erfc($0 / 2.0.squareRoot()) / 2 > 1 - probability }
    }

    /// The regularised incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8), with Lentz's
    /// method of evaluation.
    static func incompleteBeta(_ a: Double, _ b: Double, _ x: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges fast below the mean.
        if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(b, a, 1 - x) }
        let front = density(a, b, x) / a
        let tiny = 1e-300
        func away(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0, d = 1 / away(1 - (a + b) * x / (a + 1)), fraction = d
        for m in 1...1_000_000 {
            let m = Double(m)
            for coefficient in [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ] {
                d = 1 / away(1 + coefficient * d)
                c = away(1 + coefficient / c)
                fraction *= c * d
            }
            if abs(c * d - 1) < 1e-16 { break }
        }
        return front * fraction
    }

    /// x^a (1 - x)^b / B(a, b), as Stirling's formula has the function B at the mean, so that large logarithms do not stand
    /// against one another.
    private static func density(_ a: Double, _ b: Double, _ x: Double) -> Double {
        let mean = a / (a + b), other = b / (a + b)
        let exponent = a * logRatio(x, mean) + b * logRatio(1 - x, other)
        return (a * other / (2 * Double.pi)).squareRoot()
            * exp(exponent + stirlingError(a + b) - stirlingError(a) - stirlingError(b))
    }

    private static func logRatio(_ x: Double, _ y: Double) -> Double {
        abs(x - y) < y / 2 ? log1p((x - y) / y) : log(x / y)
    }

    /// What log Γ(z) is more than (z - 1/2) log z - z + log(2π) / 2.
    private static func stirlingError(_ z: Double) -> Double {
        guard z >= 16 else {
            var sign: Int32 = 0
            return lgamma_r(z, &sign) - ((z - 0.5) * log(z) - z + log(2 * Double.pi) / 2)
        }
        let s = 1 / (z * z)
        return (1 / 12.0 - s * (1 / 360.0 - s * (1 / 1260.0 - s * (1 / 1680.0 - s / 1188)))) / z
    }
}
