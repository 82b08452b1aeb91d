import Configuration

/// What a network says of a noisy image x_t = a x + s ε: the noise, or v = a ε − s x (Salimans and Ho 2022).
public enum Prediction: String, Sendable, CaseIterable {
    case epsilon, v
}

/// How images become noise, and what the network predicts of it: what a denoiser has to be used with as it was trained.
public struct DiffusionProcess: Configurable {
    /// Noise levels, from nearly none at step 0 to nearly nothing else.
    public var timesteps = 1000
    /// How the levels rise.
    public var noise: any NoiseSchedule = LinearNoise()
    /// What the network is trained to say.
    public var prediction = Prediction.epsilon

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("timesteps", &timesteps, in: 2...100_000)
        try fields.section("noise", kinds: noiseSchedules, &noise)
        try fields.value("prediction", &prediction)
    }

    /// What is left of an image, and how much noise there is, at every time step.
    public var levels: NoiseLevels { NoiseLevels(betas: noise.betas(steps: timesteps)) }
}
