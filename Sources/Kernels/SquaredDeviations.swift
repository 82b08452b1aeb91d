/// out[c] = sum over rows of (x[r, c] - mean[c])^2, in an order that depends on the sizes alone. Like other sums of
/// columns it goes through blocks of rows.
public func squaredDeviationSums(rows: Int, columns: Int, _ x: Source, mean: Source, _ out: Destination) {
    out.update(repeating: 0, count: columns)
    for start in stride(from: 0, to: rows, by: blockRows) {
        addBlock(min(rows, start &+ blockRows) &- start, columns, x + start &* columns, mean, out)
    }
}

/// totals[c] += sum over a block's rows of (x[r, c] - mean[c])^2
@inline(__always)
private func addBlock(_ rows: Int, _ columns: Int, _ x: Source, _ mean: Source, _ totals: Destination) {
    var c = 0
    while c &+ laneCount <= columns {
        let centre = load(mean + c)
        // Two rows in flight hide the latency of the multiply-add.
        var even = Lanes.zero, odd = Lanes.zero, row = x + c
        for _ in 0..<(rows / 2) {
            prefetch(row + blockRows &* columns)
            prefetch(row + (blockRows &+ 1) &* columns)
            let first = load(row) - centre, second = load(row + columns) - centre
            even.addProduct(first, first)
            odd.addProduct(second, second)
            row += 2 &* columns
        }
        if rows & 1 == 1 {
            let last = load(row) - centre
            even.addProduct(last, last)
        }
        store(load(totals + c) + (even + odd), totals + c)
        c &+= laneCount
    }
    while c < columns {
        var block: Scalar = 0
        for r in 0..<rows {
            let deviation = x[r &* columns &+ c] - mean[c]
            block += deviation * deviation
        }
        totals[c] += block
        c &+= 1
    }
}
