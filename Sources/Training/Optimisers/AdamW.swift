import Autodiff
import Configuration
import Kernels

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019), in PyTorch's form.
public struct AdamW: OptimizerConfiguration {
    /// The learning rate, before the schedule.
    public var lr = 1e-3
    /// Decay of the mean of the gradients.
    public var beta1 = 0.9
    /// Decay of the mean of their squares.
    public var beta2 = 0.999
    /// Added to the root of that mean.
    public var epsilon = 1e-8
    /// Times the learning rate, what of a parameter is lost in a step.
    public var weightDecay = 1e-2
    /// Which parameters decay.
    public var weightDecayOn = DecayedParameters.all

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("lr", &lr, check: .positive)
        try fields.value("beta1", &beta1, check: .from(0, below: 1))
        try fields.value("beta2", &beta2, check: .from(0, below: 1))
        try fields.value("epsilon", &epsilon, check: .positive)
        try fields.value("weightDecay", &weightDecay, check: .notNegative)
        try fields.value("weightDecayOn", &weightDecayOn)
    }

    public func make(for shapes: [Shape], in pool: MemoryPool) -> any Optimizer {
        let decay = WeightDecay(weightDecay, on: weightDecayOn, shapes)
        return AdaptiveMoments(
            settings: self, decay: decay, mean: Tensor([decay.count], repeating: 0, in: pool).storage,
            square: Tensor([decay.count], repeating: 0, in: pool).storage)
    }
}

private struct AdaptiveMoments: Optimizer {
    let settings: AdamW
    let decay: WeightDecay
    let mean: Storage
    let square: Storage

    var state: [(name: String, vector: Storage)] { [("first_moment", mean), ("second_moment", square)] }

    func update(_ parameters: Destination, gradient: Source, rate: Double, step: Int) {
        let mean = mean.pointer, square = square.pointer
        let beta1 = Scalar(settings.beta1), beta2 = Scalar(settings.beta2), epsilon = Scalar(settings.epsilon)
        let meanCorrection = 1 - power(settings.beta1, step + 1), squareCorrection = 1 - power(settings.beta2, step + 1)
        let stepSize = Scalar(rate / meanCorrection), root = Scalar(squareCorrection.squareRoot())
        for part in decay.parts {
            let keep = Scalar(1 - rate * part.decay)
            for i in part.range {
                let g = gradient[i]
                let m = mean[i] + (1 - beta1) * (g - mean[i])
                let s = beta2 * square[i] + (1 - beta2) * g * g
                mean[i] = m
                square[i] = s
                parameters[i] = keep * parameters[i] - stepSize * m / (s.squareRoot() / root + epsilon)
            }
        }
    }
}

private func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0, square = base, rest = exponent
    while rest > 0 {
        if rest & 1 == 1 { result *= square }
        square *= square
        rest >>= 1
    }
    return result
}
