import Autodiff

/// A layer that normalises, alone or together with the shortcut and the activation that follow it.
public protocol NormalisationLayer: Layer {
    /// activation(normalised x + residual)
    func activated(
        _ x: Tensor, by activation: Activation, residual: Tensor?, _ context: inout ForwardContext
    ) -> Tensor
}

extension NormalisationLayer {
    public func activated(
        _ x: Tensor, by activation: Activation, residual: Tensor?, _ context: inout ForwardContext
    ) -> Tensor {
        let normalised = self(x, &context)
        return activation(residual.map { normalised + $0 } ?? normalised)
    }
}

/// A normalisation that is a scale and a shift of every channel once its statistics are known.
protocol AffineNormalisation: NormalisationLayer {
    /// Each of shape [channels] up to axes of extent 1, or with one row an image.
    func affine(_ x: Tensor, _ context: inout ForwardContext) -> (scale: Tensor, shift: Tensor)
}

extension AffineNormalisation {
    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let (scale, shift) = affine(x, &context)
        return x.activatedAffine(.identity, scale: scale, shift: shift)
    }

    public func activated(
        _ x: Tensor, by activation: Activation, residual: Tensor?, _ context: inout ForwardContext
    ) -> Tensor {
        let (scale, shift) = affine(x, &context)
        return x.activatedAffine(activation.function, scale: scale, shift: shift, residual: residual)
    }
}

struct NoNormalisation: NormalisationLayer {
    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor { x }
}
