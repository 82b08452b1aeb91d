/// x_t = signal[t] x + deviation[t] ε for normalised images x and standard normal ε.
public struct NoiseLevels: Sendable {
    /// sqrt(ᾱ_t)
    public let signal: [Double]
    /// sqrt(1 − ᾱ_t)
    public let deviation: [Double]

    /// - Parameter betas: the share of the variance that each step replaces by noise.
    public init(betas: [Double]) {
        var kept = 1.0
        let products = betas.map { beta in
            kept *= 1 - beta
            return kept
        }
        signal = products.map { $0.squareRoot() }
        deviation = products.map { (1 - $0).squareRoot() }
    }

    /// Time steps.
    public var count: Int { signal.count }
}
