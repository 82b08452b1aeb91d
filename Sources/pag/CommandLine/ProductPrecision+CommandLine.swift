import ArgumentParser
import Kernels

extension ProductPrecision: ExpressibleByArgument {}

extension ProductPrecision {
    /// What whoever asks for it should know of this processor.
    var remark: String? {
        guard self == .bfloat16, !MatrixUnit.serves(self) else { return nil }
        let reason =
            switch MatrixUnit.availability {
            case .refused: "the system does not let pag use this processor's matrix unit: "
            case .off: "the processor's matrix unit is switched off: "
            case .none, .granted: ""
            }
        return reason
            + "products in bfloat16 are computed by rounding factors first and multiplying them as float32: they take more "
            + "time than products in float32"
    }
}

extension MatrixUnit {
    /// For `pag doctor`.
    static var description: String {
        let instead = "factors are rounded, products computed as float32"
        return switch availability {
        case .none: instead
        case .refused: "the system refuses the processor's matrix unit: \(instead)"
        case .off: "PAG_MATRIX_UNIT=off: \(instead)"
        case .granted: "products of convolutions and linear layers by the processor's matrix unit"
        }
    }
}
