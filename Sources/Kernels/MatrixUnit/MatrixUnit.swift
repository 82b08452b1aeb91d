import CMatrixUnit

/// The processor's unit for products of bfloat16 tiles with float32 sums (AMX of Xeons).
public enum MatrixUnit {
    /// What there is of it. All ranks of a job need the same: its sums are in another order than those of registers.
    public enum Availability: String, Sendable {
        /// The processor has none.
        case none
        /// The processor has one that the system does not let this process use.
        case refused
        case granted
    }

    /// Asked for once, as the permission is the process's.
    public static let availability: Availability =
        pag_matrix_unit_is_granted() != 0 ? .granted : pag_matrix_unit_exists() != 0 ? .refused : .none

    /// Whether products of this precision go through it.
    public static func serves(_ products: ProductPrecision) -> Bool {
        #if PAG_DOUBLE
            false
        #else
            products == .bfloat16 && availability == .granted
        #endif
    }
}
