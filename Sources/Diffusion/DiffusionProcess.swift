import Configuration

/// What a network says of a noisy image x_t = a x + s ε: the noise, or v = a ε − s x (Salimans and Ho 2022).
public enum Prediction: String, Sendable, CaseIterable {
    case epsilon, v
}

/// How images become noise, and what the network predicts of it: what a denoiser has to be used with as it was trained.
public struct DiffusionProcess: Configurable {
    public var timesteps = 1000
    public var noise: any NoiseSchedule = LinearNoise()
    public var prediction = Prediction.epsilon

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("timesteps", &timesteps, in: 2...100_000)
        try fields.section("noise", kinds: noiseSchedules, &noise)
        try fields.value("prediction", &prediction)
    }

    public var levels: NoiseLevels { NoiseLevels(betas: noise.betas(steps: timesteps)) }
}

/// x_t = signal[t] x + deviation[t] ε for normalised images x and standard normal ε.
public struct NoiseLevels: Sendable {
    /// sqrt(ᾱ_t)
    public let signal: [Double]
    /// sqrt(1 − ᾱ_t)
    public let deviation: [Double]

    public init(betas: [Double]) {
        var kept = 1.0
        let products = betas.map { beta in
            kept *= 1 - beta
            return kept
        }
        signal = products.map { $0.squareRoot() }
        deviation = products.map { (1 - $0).squareRoot() }
    }

    public var count: Int { signal.count }
}
