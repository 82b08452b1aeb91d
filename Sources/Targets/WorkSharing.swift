/// Divides work that every rank needs the results of. Results must not depend on the division.
public protocol WorkSharing {
    /// The results of `body` for 0 ..< count, in order, on every rank.
    func share(_ count: Int, _ body: (Int) throws -> [Int32]) throws -> [[Int32]]
}
