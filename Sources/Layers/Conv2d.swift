import Autodiff

/// A convolution of images [..., H, W, Ci], named and initialised as PyTorch's `nn.Conv2d`.
public struct Conv2d: Layer {
    let weight: ParameterSlot
    let bias: ParameterSlot?
    let settings: ConvolutionSettings
    let kernel, outChannels: Int

    /// Declares filters of `kernel` by `kernel` pixels, and a bias if wanted, uniform in ±1/sqrt(kernel² inChannels).
    public init(
        _ inChannels: Int, _ outChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
        bias hasBias: Bool = false, in builder: inout ModelBuilder
    ) {
        let fanIn = kernel * kernel * inChannels
        weight = builder.parameter(
            "weight", [outChannels, kernel, kernel, inChannels], layout: .filters, .uniform(fanIn: fanIn))
        bias = hasBias ? builder.parameter("bias", [outChannels], .uniform(fanIn: fanIn)) : nil
        settings = ConvolutionSettings(stride: stride, padding: padding)
        self.kernel = kernel
        self.outChannels = outChannels
    }

    /// [..., Ho, Wo, Co]
    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let y = x.convolved(with: context[weight], settings)
        return bias.map { y + context[$0] } ?? y
    }

    /// The convolution plus a term [images, 1, 1, Co] of each image, in one pass with the bias.
    public func callAsFunction(_ x: Tensor, plus term: Tensor, _ context: inout ForwardContext) -> Tensor {
        x.convolved(with: context[weight], settings) + (bias.map { term + context[$0] } ?? term)
    }
}
