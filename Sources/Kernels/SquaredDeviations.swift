/// out[c] = sum over rows of (x[r, c] - mean[c])^2, in an order that depends on the sizes alone.
public func squaredDeviationSums(rows: Int, columns: Int, _ x: Source, mean: Source, _ out: Destination) {
    var c = 0
    while c &+ laneCount <= columns {
        let centre = load(mean + c)
        var total = Lanes.zero, start = 0
        while start < rows {
            let end = min(rows, start &+ blockRows)
            // Two rows in flight hide the latency of the multiply-add.
            var even = Lanes.zero, odd = Lanes.zero, row = x + (start &* columns &+ c)
            for _ in 0..<((end &- start) / 2) {
                let first = load(row) - centre, second = load(row + columns) - centre
                even.addProduct(first, first)
                odd.addProduct(second, second)
                row += 2 &* columns
            }
            if (end &- start) & 1 == 1 {
                let last = load(row) - centre
                even.addProduct(last, last)
            }
            total += even + odd
            start = end
        }
        store(total, out + c)
        c &+= laneCount
    }
    while c < columns {
        var total: Scalar = 0, start = 0
        while start < rows {
            let end = min(rows, start &+ blockRows)
            var block: Scalar = 0
            for r in start..<end {
                let deviation = x[r &* columns &+ c] - mean[c]
                block += deviation * deviation
            }
            total += block
            start = end
        }
        out[c] = total
        c &+= 1
    }
}
