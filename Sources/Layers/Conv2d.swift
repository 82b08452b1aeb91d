import Autodiff

/// A convolution of images [..., H, W, Ci] without bias, named and initialised as PyTorch's `nn.Conv2d`.
public struct Conv2d: Layer {
    let weight: ParameterSlot
    let settings: ConvolutionSettings

    public init(
        _ inChannels: Int, _ outChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
        in builder: inout ModelBuilder
    ) {
        weight = builder.parameter(
            "weight", [outChannels, kernel, kernel, inChannels], layout: .filters,
            .uniform(fanIn: kernel * kernel * inChannels))
        settings = ConvolutionSettings(stride: stride, padding: padding)
    }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        x.convolved(with: context[weight], settings)
    }
}
