import Autodiff

/// x[..., in] weight[out, in]ᵀ + bias[out], named and initialised as PyTorch's `nn.Linear`.
public struct Linear: Layer {
    let weight: ParameterSlot
    let bias: ParameterSlot
    let outputs: Int

    /// Declares `weight` and `bias`, uniform in ±1/sqrt(inputs).
    public init(_ inputs: Int, _ outputs: Int, in builder: inout ModelBuilder) {
        weight = builder.parameter("weight", [outputs, inputs], .uniform(fanIn: inputs))
        bias = builder.parameter("bias", [outputs], .uniform(fanIn: inputs))
        self.outputs = outputs
    }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        x.linear(context[weight]) + context[bias]
    }
}
