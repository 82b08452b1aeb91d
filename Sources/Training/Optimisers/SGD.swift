import Autodiff
import Configuration
import Kernels

/// Stochastic gradient descent with momentum and weight decay, in PyTorch's form.
public struct SGD: OptimizerConfiguration {
    /// The learning rate, before the schedule.
    public var lr = 0.05
    /// What of the last step goes on into this one.
    public var momentum = 0.9
    /// Whether the gradient is taken ahead of the step (Nesterov 1983, in PyTorch's form).
    public var nesterov = false
    /// Times a parameter, what is added to its gradient.
    public var weightDecay = 1e-4
    /// Which parameters decay.
    public var weightDecayOn = DecayedParameters.all

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("lr", &lr, check: .positive)
        try fields.value("momentum", &momentum, check: .from(0, below: 1))
        try fields.value("nesterov", &nesterov)
        try fields.require(!nesterov || momentum > 0, "nesterov", "needs a momentum above 0")
        try fields.value("weightDecay", &weightDecay, check: .notNegative)
        try fields.value("weightDecayOn", &weightDecayOn)
    }

    public func make(for shapes: [Shape], in pool: MemoryPool) -> any Optimizer {
        let decay = WeightDecay(weightDecay, on: weightDecayOn, shapes)
        return MomentumDescent(
            settings: self, decay: decay, velocity: Tensor([decay.count], repeating: 0, in: pool).storage)
    }
}

private struct MomentumDescent: Optimizer {
    let settings: SGD
    let decay: WeightDecay
    let velocity: Storage

    var state: [(name: String, vector: Storage)] { [("momentum", velocity)] }

    func update(_ parameters: Destination, gradient: Source, rate: Double, step: Int) {
        let velocity = velocity.pointer, rate = Scalar(rate), momentum = Scalar(settings.momentum)
        for part in decay.parts {
            let decay = Scalar(part.decay)
            for i in part.range {
                let g = gradient[i] + decay * parameters[i]
                // The first velocity is the first gradient: momentum times zero plus it.
                let v = momentum * velocity[i] + g
                velocity[i] = v
                parameters[i] -= rate * (settings.nesterov ? g + momentum * v : v)
            }
        }
    }
}
