/// Which axes of a buffer a sum runs over, with alike neighbours merged.
public struct ReductionPlan: Sendable {
    let extents: [Int]
    let reduced: [Bool]
    public let outputCount: Int

    public init(shape: [Int], reducing: [Bool]) {
        precondition(shape.count == reducing.count, "reduction: \(shape) with \(reducing)")
        var extents: [Int] = [], reduced: [Bool] = [], outputCount = 1
        for (extent, reduces) in zip(shape, reducing) {
            if !reduces { outputCount *= extent }
            if extent == 1 { continue }
            if reduced.last == reduces {
                extents[extents.count - 1] *= extent
            } else {
                extents.append(extent)
                reduced.append(reduces)
            }
        }
        self.extents = extents
        self.reduced = reduced
        self.outputCount = outputCount
    }
}

/// Rows that are summed one after the other before their sum joins the total: bounds the rounding error of long
/// columns, and is part of the fixed order of summation.
private let blockRows = 64

/// out[kept] = sum of x over the reduced axes, in an order that depends on the shape alone.
public func sum(_ plan: ReductionPlan, _ x: Source, _ out: Destination) {
    out.update(repeating: 0, count: plan.outputCount)
    sum(plan.extents[...], plan.reduced[...], x, out)
}

private func sum(_ extents: ArraySlice<Int>, _ reduced: ArraySlice<Bool>, _ x: Source, _ out: Destination) {
    guard let extent = extents.first, let reduces = reduced.first else {
        out[0] += x[0]
        return
    }
    switch extents.count {
    case 1 where reduces: out[0] += contiguousSum(extent, x)
    case 1: accumulate(extent, x, into: out)
    case 2 where reduces: columnSums(rows: extent, columns: extents.last!, x, out)
    default:
        let (innerExtents, innerReduced) = (extents.dropFirst(), reduced.dropFirst())
        let step = innerExtents.reduce(1, *)
        let outStep = reduces ? 0 : zip(innerExtents, innerReduced).reduce(1) { $1.1 ? $0 : $0 * $1.0 }
        for i in 0..<extent { sum(innerExtents, innerReduced, x + i * step, out + i * outStep) }
    }
}

/// The sum of `count` neighbouring numbers: four registers of partial sums a block, blocks added in order.
public func contiguousSum(_ count: Int, _ x: Source) -> Scalar {
    let step = 4 &* laneCount, blockCount = blockRows &* step
    var total: Scalar = 0, start = 0
    while start < count {
        let end = Swift.min(count, start &+ blockCount)
        var s0 = Lanes.zero, s1 = Lanes.zero, s2 = Lanes.zero, s3 = Lanes.zero
        var i = start
        while i &+ step <= end {
            s0 += load(x + i)
            s1 += load(x + i + laneCount)
            s2 += load(x + i + 2 &* laneCount)
            s3 += load(x + i + 3 &* laneCount)
            i &+= step
        }
        while i &+ laneCount <= end { s0 += load(x + i); i &+= laneCount }
        var rest: Scalar = 0
        while i < end { rest += x[i]; i &+= 1 }
        total += ((s0 + s1) + (s2 + s3)).sum() + rest
        start = end
    }
    return total
}

/// out[c] += sum over rows of x[r, c].
private func columnSums(rows: Int, columns: Int, _ x: Source, _ out: Destination) {
    var c = 0
    while c &+ laneCount <= columns {
        var total = Lanes.zero, start = 0
        while start < rows {
            let end = Swift.min(rows, start &+ blockRows)
            var block = Lanes.zero
            var p = x + (start &* columns &+ c)
            for _ in start..<end { block += load(p); p += columns }
            total += block
            start = end
        }
        store(load(out + c) + total, out + c)
        c &+= laneCount
    }
    while c < columns {
        var total: Scalar = 0, start = 0
        while start < rows {
            let end = Swift.min(rows, start &+ blockRows)
            var block: Scalar = 0
            for r in start..<end { block += x[r &* columns &+ c] }
            total += block
            start = end
        }
        out[c] += total
        c &+= 1
    }
}
