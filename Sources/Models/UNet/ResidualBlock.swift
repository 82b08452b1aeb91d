import Autodiff
import Kernels
import Layers

/// Two normalised convolutions, the time between them, and a shortcut: diffusers' `ResnetBlock2D`.
struct ResidualBlock {
    private let norm1, norm2: GroupNorm
    private let conv1, conv2: Conv2d
    private let time: Linear
    private let shortcut: Conv2d?
    private let activation: Activation
    private let conditioning: UNet.TimeConditioning
    private let scale: Double

    init(from: Int, to: Int, scale: Double, _ settings: BlockSettings, in builder: inout ModelBuilder) {
        activation = settings.activation
        conditioning = settings.conditioning
        self.scale = scale
        func norm(_ name: String, _ channels: Int, _ builder: inout ModelBuilder) -> GroupNorm {
            builder.scope(name) { GroupNorm(channels, groups: settings.groups, epsilon: settings.epsilon, in: &$0) }
        }
        norm1 = norm("norm1", from, &builder)
        conv1 = builder.scope("conv1") { Conv2d(from, to, kernel: 3, padding: 1, bias: true, in: &$0) }
        time = builder.scope("time_emb_proj") {
            Linear(settings.timeWidth, settings.conditioning == .added ? to : 2 * to, in: &$0)
        }
        norm2 = norm("norm2", to, &builder)
        conv2 = builder.scope("conv2") { Conv2d(to, to, kernel: 3, padding: 1, bias: true, in: &$0) }
        shortcut =
            from == to ? nil : builder.scope("conv_shortcut") { Conv2d(from, to, kernel: 1, bias: true, in: &$0) }
    }

    func callAsFunction(_ x: Tensor, _ embedding: Tensor, _ context: inout ForwardContext) -> Tensor {
        let entered = norm1.activated(x, by: activation, residual: nil, &context)
        let conditioned = time(activation(embedding), &context)
        let place = conditioned.reshaped([conditioned.shape[0], 1, 1, conditioned.shape[1]])
        let hidden: Tensor
        switch conditioning {
        case .added:
            hidden = norm2.activated(conv1(entered, plus: place, &context), by: activation, residual: nil, &context)
        case .scaleAndShift:
            let half = place.shape[-1] / 2
            let normalised = norm2(conv1(entered, &context), &context)
            hidden = activation(
                normalised * (place.sliced(0..<half, axis: -1) + 1) + place.sliced(half..<(2 * half), axis: -1))
        }
        let sum = (shortcut?(x, &context) ?? x) + conv2(hidden, &context)
        return scale == 1 ? sum : sum * Scalar(1 / scale)
    }
}
