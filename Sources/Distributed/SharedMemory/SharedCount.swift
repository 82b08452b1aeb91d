import Synchronization

/// A number in shared memory that one rank counts up and the others watch. Whoever sees a count also sees everything
/// that its rank, or ranks whose counts that one had seen, wrote before.
///
/// It wants a cache line of its own, so that ranks do not slow each other down.
struct SharedCount {
    private let word: UnsafeMutablePointer<Atomic<Int>>

    /// - Parameter address: a word of zeros that outlives the count.
    init(at address: UnsafeMutableRawPointer) { word = address.bindMemory(to: Atomic<Int>.self, capacity: 1) }

    var value: Int {
        get { word.pointee.load(ordering: .acquiring) }
        nonmutating set { word.pointee.store(newValue, ordering: .releasing) }
    }

    /// Counts one further and returns the number before: for a count that several ranks count up.
    func next() -> Int { word.pointee.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue }
}
