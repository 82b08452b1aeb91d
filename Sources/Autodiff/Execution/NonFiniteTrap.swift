import Kernels
import Synchronization

/// Looks for the operation that first made a number that is not finite.
public final class NonFiniteTrap: Sendable {
    private let first = Mutex<String?>(nil)

    /// A trap that has caught nothing.
    public init() {}

    /// The name of the first operation whose result was not finite; nil while there is none.
    public var firstOperation: String? { first.withLock { $0 } }

    func inspect(_ results: [Tensor], of operation: String) {
        guard results.contains(where: { !contiguousSum($0.shape.count, $0.pointer).isFinite }) else { return }
        first.withLock { if $0 == nil { $0 = operation } }
    }
}
