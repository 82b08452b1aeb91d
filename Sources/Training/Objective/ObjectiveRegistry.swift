import Configuration

/// The kinds of `loss.kind`.
let objectives: [Kind<any ObjectiveConfiguration>] = [
    Kind("pag", AlignedGradients.self) { $0 },
    Kind("vanilla", Vanilla.self) { $0 },
    Kind("at", AdversarialTraining.self) { $0 },
    Kind("trades", TRADES.self) { $0 },
    Kind("mart", MART.self) { $0 },
    Kind("gradient-penalty", GradientPenalty.self) { $0 },
    Kind("cure", CurvatureRegularisation.self) { $0 },
    Kind("n-fgsm", NoisyFastGradientSign.self) { $0 },
    Kind("gaussian-noise", GaussianNoise.self) { $0 },
    Kind("smooth-adversarial", SmoothAdversarial.self) { $0 },
    Kind("consistency", Consistency.self) { $0 },
    Kind("denoising", Denoising.self) { $0 },
]
