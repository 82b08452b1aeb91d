import Failures

extension Communicator {
    /// Checks that every rank has the same bytes. Collective.
    /// - Parameters:
    ///   - what: the name of the bytes in the message, such as "parameters".
    ///   - kind: what it means if they differ; for replicas that should be equal, an internal error.
    /// - Throws: on every rank, a `Failure` that names the ranks that differ from the majority (or, where there is
    ///   none, from rank 0).
    public func requireAgreement(
        on bytes: UnsafeRawBufferPointer, _ what: String, kind: Failure.Kind = .internalError
    ) throws {
        try requireAgreement(onHash: xxHash64(bytes), what, kind: kind)
    }

    /// The same for a hash that the caller has already.
    public func requireAgreement(
        onHash hash: UInt64, _ what: String, kind: Failure.Kind = .internalError
    ) throws {
        let hashes = try allGatherValue(hash)
        guard hashes.contains(where: { $0 != hashes[0] }) else { return }
        let ranksOf = Dictionary(grouping: hashes.indices) { hashes[$0] }
        // The largest group; of equal ones the one with the lowest rank.
        let groups = ranksOf.values.sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }
        let others = groups.dropFirst().sorted { $0[0] < $1[0] }.map(describe)
        throw Failure(
            kind, "\(what) differ between ranks: \(others.joined(separator: "; ")), against \(describe(groups[0]))")

        func describe(_ ranks: [Int]) -> String {
            let shown = ranks.prefix(16).map { "\($0)" }.joined(separator: ", ") + (ranks.count > 16 ? ", ..." : "")
            return "hash \(String(hashes[ranks[0]], radix: 16)) on rank\(ranks.count > 1 ? "s" : "") \(shown)"
        }
    }
}
