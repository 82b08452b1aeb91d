import Autodiff

/// The mean over all pixels: [..., H, W, C] to [..., C].
public struct GlobalAveragePool: Layer {
    public init() {}
    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        x.mean(-3, -2).reshaped(x.shape.prefix(x.shape.rank - 3) + [x.shape[-1]])
    }
}

/// The largest number of each window of images [..., H, W, C].
public struct MaximumPool2d: Layer {
    let window: Int
    let stride: Int
    /// Windows of `window` by `window` pixels, `stride` pixels apart; what is left at the edge takes no part.
    public init(window: Int, stride: Int) {
        self.window = window
        self.stride = stride
    }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        x.maximumPooled(window: window, stride: stride)
    }
}

/// Images [B, H, W, C] as rows [B, C H W] in PyTorch's order.
public struct Flatten: Layer {
    public init() {}
    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        x.channelsFirst().reshaped(x.shape.prefix(x.shape.rank - 3) + [x.shape.suffix(3).count])
    }
}
