import Synchronization

/// The number itself: in a window, or in this process's memory.
///
/// Unchecked, because all that is done to the window's memory is to count, which any thread may do at any time.
final class TicketCount: @unchecked Sendable {
    private let first: Int
    private let own = Atomic<Int>(0)
    private let shared: SharedCount?
    /// Keeps the memory.
    private let window: NodeWindow?

    /// - Parameters:
    ///   - first: the first ticket.
    ///   - window: of the machine of rank 0, which is its first rank.
    init(first: Int, in window: NodeWindow?) {
        self.first = first
        self.window = window
        shared = window.map { SharedCount(at: $0.block(0) + NodeWindow.markBytes) }
    }

    func next() -> Int { first + (shared?.next() ?? own.wrappingAdd(1, ordering: .relaxed).oldValue) }
}
