import ArgumentParser
import Kernels

extension ProductPrecision: ExpressibleByArgument {}

extension ProductPrecision {
    /// What whoever asks for it should know of this processor.
    var remark: String? {
        switch self {
        case .float32: nil
        case .bfloat16:
            "products in bfloat16 are computed by rounding factors first and multiplying them as float32: they take more "
                + "time than products in float32"
        }
    }
}
