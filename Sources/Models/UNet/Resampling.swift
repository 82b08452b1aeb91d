import Autodiff
import Layers

/// A strided convolution that halves the resolution: diffusers' `Downsample2D`.
struct Downsample: Layer {
    private let conv: Conv2d
    private let padding: Int

    /// Padding 0 means one line of zeros below and right alone.
    init(_ channels: Int, padding: Int, in builder: inout ModelBuilder) {
        self.padding = padding
        conv = builder.scope("conv") {
            Conv2d(channels, channels, kernel: 3, stride: 2, padding: padding, bias: true, in: &$0)
        }
    }

    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        guard padding == 0 else { return conv(x, &context) }
        let padded = x.embedded(at: 0, of: x.shape[-3] + 1, axis: -3).embedded(at: 0, of: x.shape[-2] + 1, axis: -2)
        return conv(padded, &context)
    }
}

/// Repeated pixels and a convolution over them: diffusers' `Upsample2D`.
struct Upsample: Layer {
    private let conv: Conv2d

    init(_ channels: Int, in builder: inout ModelBuilder) {
        conv = builder.scope("conv") { Conv2d(channels, channels, kernel: 3, padding: 1, bias: true, in: &$0) }
    }

    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        conv(x.upsampled(by: 2), &context)
    }
}
