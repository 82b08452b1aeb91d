import Configuration

/// The choices of `loss.alignment.method`.
let alignmentMethods: [Kind<any AlignmentMethod>] = [
    Kind("exact", ExactGradients.self) { $0 },
    Kind("differences", DirectionalDifferences.self) { $0 },
]
