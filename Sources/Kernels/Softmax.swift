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

/// out[r, :] = exp(scale x[r, :]) / sum, shifted by the row's maximum so that nothing overflows; scale is positive. No
/// row's bits depend on another one, here and below.
public func softmax(rows: Int, columns: Int, scale: Scalar, _ x: Source, _ out: Destination) {
    for r in 0..<rows {
        let x = x + r &* columns, out = out + r &* columns
        var largest = x[0]
        for c in 1..<max(1, columns) where x[c] > largest { largest = x[c] }
        mapLanes(columns, x, out, ShiftedExponential(scale: scale, shift: largest))
        let factor = 1 / contiguousSum(columns, out)
        map(columns, out, out) {
            $0 * factor
        } scalar: {
            $0 * factor
        }
    }
}

private struct ShiftedExponential: LaneFunction {
    let scale, shift: Scalar
    @inline(__always) func callAsFunction(_ x: RegisterLanes) -> RegisterLanes { exponential((x - shift) * scale) }
}

/// The derivative of `softmax` with the result y[rows, columns] applied to dy[repeats, rows, columns]:
/// scale y (dy - sum of y dy). It is its own transpose.
public func softmaxGradient(
    repeats: Int, rows: Int, columns: Int, scale: Scalar, _ dy: Source, y: Source, _ out: Destination
) {
    for r in 0..<(repeats &* rows) {
        let start = r &* columns, y = y + r % rows &* columns, dy = dy + start, out = out + start
        let sum = dotProduct(columns, dy, y), centre = Lanes(repeating: sum)
        var i = 0
        while i &+ laneCount <= columns {
            store((load(dy + i) - centre) * load(y + i) * scale, out + i)
            i &+= laneCount
        }
        while i < columns { out[i] = (dy[i] - sum) * y[i] * scale; i &+= 1 }
    }
}

/// The derivative by y of the sum of h and `softmaxGradient` of dy, both [repeats, rows, columns]: out[rows, columns],
/// summed over the repeats in their order. Each adds scale (h (dy - sum of y dy) - dy sum of y h).
public func softmaxSecondGradient(
    repeats: Int, rows: Int, columns: Int, scale: Scalar, _ h: Source, dy: Source, y: Source, _ out: Destination
) {
    out.update(repeating: 0, count: rows &* columns)
    for r in 0..<(repeats &* rows) {
        let start = r &* columns, row = r % rows &* columns
        let y = y + row, out = out + row, h = h + start, dy = dy + start
        let ofDy = dotProduct(columns, dy, y), ofH = dotProduct(columns, h, y)
        let centre = Lanes(repeating: ofDy), factor = Lanes(repeating: ofH)
        var i = 0
        while i &+ laneCount <= columns {
            let term = load(h + i) * (load(dy + i) - centre) - load(dy + i) * factor
            store(load(out + i) + term * scale, out + i)
            i &+= laneCount
        }
        while i < columns { out[i] += (h[i] * (dy[i] - ofDy) - dy[i] * ofH) * scale; i &+= 1 }
    }
}

@inline(__always)
private func dotProduct(_ count: Int, _ a: Source, _ b: Source) -> Scalar {
    var even = Lanes.zero, odd = Lanes.zero, i = 0
    while i &+ 2 &* laneCount <= count {
        even.addProduct(load(a + i), load(b + i))
        odd.addProduct(load(a + (i &+ laneCount)), load(b + (i &+ laneCount)))
        i &+= 2 &* laneCount
    }
    var sum = (even + odd).sum()
    while i < count { sum += a[i] * b[i]; i &+= 1 }
    return sum
}
