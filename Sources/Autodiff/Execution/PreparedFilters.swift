import Synchronization

/// Which forms of filters, prepared by convolutions, are kept for the next convolution with the same filters. They take
/// several times the filters' memory.
///
/// Outside of any phase all are kept, for as long as their filters are.
public final class PreparedFilters: Sendable {
    private struct State {
        /// Those that hold forms.
        var owners: [WeakStorage] = []
        var keeps = true
    }
    private struct WeakStorage {
        weak var storage: Storage?
    }
    private let state = Mutex(State())

    init() {}

    /// Does a piece of work that has forms of its own: it begins without any, and leaves none.
    ///
    /// - Parameter reusing: whether the work uses its forms more than once; else each goes after its use.
    public func phase<Result>(reusing: Bool, _ body: () throws -> Result) rethrows -> Result {
        let before = begin(keeping: reusing)
        defer { _ = begin(keeping: before) }
        return try body()
    }

    /// Whether a form is kept after its use.
    var keeps: Bool { state.withLock { $0.keeps } }

    /// To be called when a storage gets its first form that is kept.
    func note(_ owner: Storage) { state.withLock { $0.owners.append(WeakStorage(storage: owner)) } }

    /// Gives up all forms. Returns whether new ones were kept so far.
    private func begin(keeping: Bool) -> Bool {
        let (owners, before) = state.withLock { state in
            defer { state = State(owners: [], keeps: keeping) }
            return (state.owners, state.keeps)
        }
        for owner in owners { owner.storage?.forgetPreparedFilters() }
        return before
    }
}
