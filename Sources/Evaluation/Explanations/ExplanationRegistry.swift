/// All ways to explain, in the order in which they are shown.
public let explanationMethods: [any ExplanationMethod] = [
    PlainGradient(), SmoothGradient(), IntegratedGradients(),
]
