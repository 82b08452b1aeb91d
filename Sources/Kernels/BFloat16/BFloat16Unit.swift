import CBFloat16
import Glibc

/// What multiplies bfloat16, with sums of float32. All ranks of a job need the same: the units' sums are in another order than
/// one another's.
public enum BFloat16Unit: String, Sendable, CaseIterable {
    /// Nothing of its own: factors are rounded, then multiplied as float32.
    case none
    /// Vector registers, pair by pair: AVX512_BF16.
    case registers
    /// A matrix unit: AMX of Xeons.
    case tiles

    /// The best that the processor has, the system lets this process use, and the user wants. The system is asked once, as its
    /// permission is the process's.
    public static let best: BFloat16Unit = {
        #if PAG_DOUBLE
            return .none
        #else
            let most = wanted ?? .tiles
            if most == .tiles && pag_matrix_unit_is_granted() != 0 { return .tiles }
            return most != .none && hasPairs ? .registers : .none
        #endif
    }()

    static let hasPairs = pag_pair_products_exist() != 0

    /// What `PAG_BFLOAT16_UNIT` says, for nodes of which not all have the best: the most that is used, or no unit at all.
    public static var wish: String? { getenv("PAG_BFLOAT16_UNIT").map { String(cString: $0) } }
    public static var wanted: BFloat16Unit? { wish.flatMap(BFloat16Unit.init) }

    /// Whether the processor has a matrix unit that the system does not let this process use.
    public static var isRefused: Bool {
        wanted ?? .tiles == .tiles && pag_matrix_unit_exists() != 0 && pag_matrix_unit_is_granted() == 0
    }
}
