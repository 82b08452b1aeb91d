import Autodiff
import Kernels

/// The non-linearities by the names that configs use.
public enum Activation: String, Layer, CaseIterable {
    case relu, gelu, silu

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor { self(x) }

    var function: ActivationFunction {
        switch self {
        case .relu: .relu
        case .gelu: .gelu
        case .silu: .silu
        }
    }

    /// The function of every number; the shape stays.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        switch self {
        case .relu: x.rectified()
        case .gelu: x.activated(by: .gelu)
        case .silu: x.activated(by: .silu)
        }
    }
}
