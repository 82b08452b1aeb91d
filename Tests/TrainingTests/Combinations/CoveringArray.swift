/// A setting, and what it can be.
struct Factor: Hashable, Sendable {
    let path: String
    let values: [String]
}

/// One choice, as an override says it.
struct Choice: Hashable, Sendable {
    let factor: Int
    let value: Int
}

/// Rows of choices in which every two choices that go together meet at least once: of the faults that depend on at most
/// two settings, some row has each. Put together greedily, and the same every time.
struct CoveringArray {
    private(set) var rows: [[Choice]] = []
    /// Pairs of choices that go together in no row.
    private(set) var refused: [[Choice]] = []

    /// - Parameters:
    ///   - completed: a pair and what it needs to be allowed, or nil if nothing makes it so.
    ///   - isAllowed: whether choices go together as they are.
    init(_ factors: [Factor], completed: ([Choice]) -> [Choice]?, isAllowed: ([Choice]) -> Bool) {
        let choices = factors.indices.map { factor in
            factors[factor].values.indices.map { Choice(factor: factor, value: $0) }
        }
        var order: [[Choice]] = []
        for first in choices.indices {
            for second in choices.indices where second > first {
                for a in choices[first] { for b in choices[second] { order.append([a, b]) } }
            }
        }
        var open = Set(order)
        for pair in order where open.contains(pair) {
            guard var row = completed(pair) else {
                refused.append(pair)
                open.remove(pair)
                continue
            }
            for factor in choices.indices where !row.contains(where: { $0.factor == factor }) {
                func gain(_ choice: Choice) -> Int { row.count { open.contains(Self.pair(choice, $0)) } }
                let ranked = choices[factor].map { (choice: $0, gain: gain($0)) }
                    .sorted { ($1.gain, $0.choice.value) < ($0.gain, $1.choice.value) }
                // What a choice needs further is another row's affair.
                if let best = ranked.first(where: { isAllowed(row + [$0.choice]) }) { row.append(best.choice) }
            }
            for a in row { for b in row where a.factor < b.factor { open.remove([a, b]) } }
            rows.append(row)
        }
    }

    private static func pair(_ a: Choice, _ b: Choice) -> [Choice] { a.factor < b.factor ? [a, b] : [b, a] }
}
