/// out[r, :] = (x[r, :] - mean) / sqrt(variance + epsilon), with each row's own mean and variance. No row's bits depend
/// on another one, here and below.
public func normaliseRows(rows: Int, columns: Int, epsilon: Scalar, _ x: Source, _ out: Destination) {
    for r in 0..<rows { _ = normaliseRow(columns, epsilon, x + r &* columns, out + r &* columns) }
}

/// The derivative of `normaliseRows` at x applied to dy[repeats, rows, columns]: with the normalised row n and the
/// row's factor f = 1 / sqrt(variance + epsilon), f (dy - mean dy - n mean(n dy)). It is its own transpose.
public func rowNormalisationGradient(
    repeats: Int, rows: Int, columns: Int, epsilon: Scalar, _ dy: Source, x: Source, _ out: Destination
) {
    withZeros(columns) { normalised in
        for r in 0..<rows {
            let factor = normaliseRow(columns, epsilon, x + r &* columns, normalised)
            for repetition in 0..<repeats {
                let start = (repetition &* rows &+ r) &* columns
                let means = RowMeans(columns, dy + start, normalised)
                let centre = Lanes(repeating: means.first), along = Lanes(repeating: means.product)
                combine(columns, dy + start, normalised, out + start) {
                    ($0 - centre - $1 * along) * factor
                } scalar: {
                    ($0 - means.first - $1 * means.product) * factor
                }
            }
        }
    }
}

/// The derivative by x of the sum of h and `rowNormalisationGradient` of dy, both [repeats, rows, columns]: out[rows,
/// columns], summed over the repeats in their order.
///
/// With a = mean(n dy), b = mean(n h) and c = mean(dy h) - mean dy mean h, a repeat adds
/// -f^2 (n (c - 3 a b) + b (dy - mean dy) + a (h - mean h)).
public func rowNormalisationSecondGradient(
    repeats: Int, rows: Int, columns: Int, epsilon: Scalar, _ h: Source, dy: Source, x: Source, _ out: Destination
) {
    withZeros(columns) { normalised in
        for r in 0..<rows {
            let factor = normaliseRow(columns, epsilon, x + r &* columns, normalised), row = out + r &* columns
            row.update(repeating: 0, count: columns)
            for repetition in 0..<repeats {
                let start = (repetition &* rows &+ r) &* columns
                addSecondGradient(columns, factor, h + start, dy: dy + start, normalised: normalised, to: row)
            }
        }
    }
}

@inline(__always)
private func addSecondGradient(
    _ columns: Int, _ factor: Scalar, _ h: Source, dy: Source, normalised: Source, to out: Destination
) {
    let ofDy = RowMeans(columns, dy, normalised), ofH = RowMeans(columns, h, normalised)
    let (a, b) = (ofDy.product, ofH.product)
    let covariance = RowMeans(columns, h, dy).product - ofDy.first * ofH.first
    // Each with its sign and the common factor.
    let square = -factor * factor
    let ofNormalised = square * (covariance - 3 * a * b), byDy = square * b, byH = square * a
    let rest = -(byDy * ofDy.first + byH * ofH.first)
    let lanes = (Lanes(repeating: ofNormalised), Lanes(repeating: byDy), Lanes(repeating: byH), Lanes(repeating: rest))
    var i = 0
    while i &+ laneCount <= columns {
        let sum = (load(out + i) + lanes.3).addingProduct(load(normalised + i), lanes.0)
        store(sum.addingProduct(load(dy + i), lanes.1).addingProduct(load(h + i), lanes.2), out + i)
        i &+= laneCount
    }
    while i < columns {
        let sum = (out[i] + rest).addingProduct(normalised[i], ofNormalised)
        out[i] = sum.addingProduct(dy[i], byDy).addingProduct(h[i], byH)
        i &+= 1
    }
}

/// Writes one normalised row, and returns its factor.
@inline(__always)
private func normaliseRow(_ columns: Int, _ epsilon: Scalar, _ x: Source, _ out: Destination) -> Scalar {
    let mean = contiguousSum(columns, x) / Scalar(columns), centre = Lanes(repeating: mean)
    map(columns, x, out) {
        $0 - centre
    } scalar: {
        $0 - mean
    }
    let factor = 1 / (RowMeans(columns, out, out).product + epsilon).squareRoot()
    map(columns, out, out) {
        $0 * factor
    } scalar: {
        $0 * factor
    }
    return factor
}

/// The means of a row, and of its product with another one.
private struct RowMeans {
    let first, product: Scalar

    @inline(__always) init(_ columns: Int, _ a: Source, _ b: Source) {
        var s0 = Lanes.zero, s1 = Lanes.zero, p0 = Lanes.zero, p1 = Lanes.zero
        var i = 0
        while i &+ 2 &* laneCount <= columns {
            let a0 = load(a + i), a1 = load(a + (i &+ laneCount))
            s0 += a0
            s1 += a1
            p0.addProduct(a0, load(b + i))
            p1.addProduct(a1, load(b + (i &+ laneCount)))
            i &+= 2 &* laneCount
        }
        var sum = (s0 + s1).sum(), products = (p0 + p1).sum()
        while i < columns {
            sum += a[i]
            products += a[i] * b[i]
            i &+= 1
        }
        first = sum / Scalar(columns)
        product = products / Scalar(columns)
    }
}

@inline(__always)
private func combine(
    _ count: Int, _ a: Source, _ b: Source, _ out: Destination, _ lanes: (Lanes, Lanes) -> Lanes,
    scalar: (Scalar, Scalar) -> Scalar
) {
    var i = 0
    while i &+ laneCount <= count {
        store(lanes(load(a + i), load(b + i)), out + i)
        i &+= laneCount
    }
    while i < count { out[i] = scalar(a[i], b[i]); i &+= 1 }
}
