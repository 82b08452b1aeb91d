import CMatrixUnit
import Glibc

/// The processor's unit for products of bfloat16 tiles with float32 sums: AMX of Xeons.
public enum MatrixUnit {
    /// What there is of it. All ranks of a job need the same: its sums are in another order than those of registers.
    public enum Availability: String, Sendable {
        /// The processor has none.
        case none
        /// The processor has one that the system does not let this process use.
        case refused
        /// The user does not want it: `PAG_MATRIX_UNIT=off`, for nodes of which not all have one.
        case off
        case granted
    }

    /// Asked for once, as the permission is the process's.
    public static let availability: Availability = {
        guard pag_matrix_unit_exists() != 0 else { return .none }
        if let wish = getenv("PAG_MATRIX_UNIT"), String(cString: wish) == "off" { return .off }
        return pag_matrix_unit_is_granted() != 0 ? .granted : .refused
    }()

    /// Whether products of this precision go through it.
    public static func serves(_ products: ProductPrecision) -> Bool {
        #if PAG_DOUBLE
            false
        #else
            products == .bfloat16 && availability == .granted
        #endif
    }
}
