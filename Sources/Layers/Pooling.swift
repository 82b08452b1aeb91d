import Autodiff

/// The mean over all pixels: [..., H, W, C] to [..., C].
public struct GlobalAveragePool: Layer {
    public init() {}
    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        x.mean(-3, -2).reshaped(x.shape.prefix(x.shape.rank - 3) + [x.shape[-1]])
    }
}

/// The mean of each window of images [..., H, W, C]; the window divides height and width.
public struct AveragePool2d: Layer {
    let window: Int
    public init(window: Int) { self.window = window }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let (height, width, channels) = (x.shape[-3], x.shape[-2], x.shape[-1])
        precondition(height % window == 0 && width % window == 0, "AveragePool2d: window \(window) on \(x.shape)")
        let images = x.shape.prefix(x.shape.rank - 3)
        return x.reshaped(images + [height / window, window, width / window, window, channels])
            .mean(-4, -2)
            .reshaped(images + [height / window, width / window, channels])
    }
}

/// The largest number of each window of images [..., H, W, C].
public struct MaximumPool2d: Layer {
    let window: Int
    let stride: Int
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
        x.transposed(-2, -1).transposed(-3, -2).reshaped(x.shape.prefix(x.shape.rank - 3) + [x.shape.suffix(3).count])
    }
}
