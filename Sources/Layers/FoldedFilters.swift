import Autodiff

/// What has been folded so far of parameters that do not change: shared by all passes that are given it.
public final class FoldedFilters {
    private var known: [Int: (filters: Tensor, shift: Tensor)] = [:]

    /// Nothing is folded yet.
    public init() {}

    func value(
        for slot: ParameterSlot, _ make: () -> (filters: Tensor, shift: Tensor)
    ) -> (filters: Tensor, shift: Tensor) {
        if let value = known[slot.index] { return value }
        let value = make()
        known[slot.index] = value
        return value
    }
}
