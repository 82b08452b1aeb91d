import Glibc

/// out[r, :] = x[r, :] - log(sum exp x[r, :]), shifted by the row's maximum so that nothing overflows.
public func logSoftmax(rows: Int, columns: Int, _ x: Source, _ out: Destination) {
    for r in 0..<rows {
        let x = x + r * columns, out = out + r * columns
        var largest = x[0]
        for c in 1..<max(1, columns) where x[c] > largest { largest = x[c] }
        var total: Scalar = 0
        for c in 0..<columns { total += exp(x[c] - largest) }
        // In this order: largest + log(total) would round the logarithm to the spacing of numbers near `largest`.
        let logarithm = log(total)
        for c in 0..<columns { out[c] = x[c] - largest - logarithm }
    }
}
