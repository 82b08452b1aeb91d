import Configuration

/// The kinds of `loss.kind`.
let objectives: [Kind<any ObjectiveConfiguration>] = [
    Kind("pag", AlignedGradients.self) { $0 },
    Kind("vanilla", Vanilla.self) { $0 },
    Kind("denoising", Denoising.self) { $0 },
]
