import ArgumentParser
import Kernels

extension ProductPrecision: ExpressibleByArgument {}

extension ProductPrecision {
    /// What whoever asks for it should know of this processor.
    var remark: String? {
        guard self == .bfloat16 else { return nil }
        return switch BFloat16Unit.best {
        case .tiles: nil
        case .registers: BFloat16Unit.isRefused ? "the system does not let pag use this processor's matrix unit" : nil
        case .none:
            (BFloat16Unit.isRefused ? "the system does not let pag use this processor's matrix unit: " : "")
                + "products in bfloat16 are computed by rounding factors first and multiplying them as float32: they take "
                + "more time than products in float32"
        }
    }
}

extension BFloat16Unit {
    /// What is wrong with the user's wish.
    static var problem: String? {
        guard let wish, wanted == nil else { return nil }
        return "PAG_BFLOAT16_UNIT=\(wish): there is \(allCases.map(\.rawValue).joined(separator: ", "))"
    }

    /// For `pag doctor`.
    static var description: String {
        let means =
            switch best {
            case .none: "factors are rounded, products computed as float32"
            case .registers: "products of convolutions, linear layers and attention in vector registers (AVX512_BF16)"
            case .tiles: "products of convolutions, linear layers and attention by the processor's matrix unit (AMX)"
            }
        let reason = isRefused ? "the system refuses the processor's matrix unit: " : ""
        return reason + (wanted.map { "PAG_BFLOAT16_UNIT=\($0): " } ?? "") + means
    }
}
