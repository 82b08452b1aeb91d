import Autodiff
import Layers

/// How what a network says of images depends on the images alone.
public struct InputGradient {
    /// [B, classes], a constant.
    public let logits: Tensor
    /// Leading axes of the cotangent + [B, H, W, C].
    public let gradient: Tensor
}

extension ModelState {
    /// The gradient of a function of the logits with respect to the images; parameters are constants.
    ///
    /// - Parameters:
    ///   - images: [B, H, W, C].
    ///   - context: of one pass, over constant parameters. It learns what BatchNorm saw.
    ///   - preparation: what images go through before the network.
    ///   - function: what the gradient is of, given the logits, [B, classes].
    ///   - cotangent: the derivative by the function's values, which it is given, [B, classes]. It may have leading
    ///     axes, one index for each of several derivatives: all gradients come from one pass over the network.
    public func inputGradient(
        of images: Tensor, in context: inout ForwardContext, preparation: (Tensor) -> Tensor = { $0 },
        of function: (Tensor) -> Tensor = { $0 }, cotangent: (Tensor) -> Tensor
    ) -> InputGradient {
        let images = images.variable
        let logits = model(preparation(images), &context), values = function(logits)
        let seed = cotangent(values.detached)
        let gradient = gradients(of: values, seed: seed, with: [images], releasing: true)[0]
        return InputGradient(logits: logits.detached, gradient: gradient)
    }
}
