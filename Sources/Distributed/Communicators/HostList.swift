/// Ranks by their machines, as people read them: "ranks 0-1 on node1, rank 5 on node3".
func describe(_ ranks: some Sequence<Int>, on hosts: [String]) -> String {
    var groups: [(host: String, ranks: [Int])] = []
    for rank in ranks {
        let host = hosts[rank]
        if let known = groups.firstIndex(where: { $0.host == host }) {
            groups[known].ranks.append(rank)
        } else {
            groups.append((host, [rank]))
        }
    }
    return groups.map { "\(describe($0.ranks)) on \($0.host)" }.joined(separator: ", ")
}

/// "rank 3" or "ranks 0-3, 8"; at most eight ranges.
func describe(_ ranks: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for rank in ranks {
        if let last = ranges.last, rank == last.upperBound + 1 {
            ranges[ranges.count - 1] = last.lowerBound...rank
        } else {
            ranges.append(rank...rank)
        }
    }
    let shown = ranges.prefix(8).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return (ranks.count == 1 ? "rank " : "ranks ") + shown.joined(separator: ", ") + (ranges.count > 8 ? ", ..." : "")
}
