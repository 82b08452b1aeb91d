/// Which axes of a buffer a sum runs over, with alike neighbours merged.
public struct ReductionPlan: Sendable {
    let extents: [Int]
    let reduced: [Bool]
    /// Sums that are made.
    public let outputCount: Int

    /// `reducing` says of each axis of `shape` whether it is summed over.
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

/// out[kept] = sum of x over the reduced axes, in an order that depends on the shape alone.
public func sum(_ plan: ReductionPlan, _ x: Source, _ out: Destination) {
    out.update(repeating: 0, count: plan.outputCount)
    sum(plan.extents[...], plan.reduced[...], Numbers(x: x), out)
}

/// out[kept] = sum of a b over the reduced axes; the products are never stored.
public func productSum(_ plan: ReductionPlan, _ a: Source, _ b: Source, _ out: Destination) {
    out.update(repeating: 0, count: plan.outputCount)
    sum(plan.extents[...], plan.reduced[...], Products(a: a, b: b), out)
}

/// The sum of `count` neighbouring numbers.
public func contiguousSum(_ count: Int, _ x: Source) -> Scalar { contiguousSum(count, Numbers(x: x)) }

/// What is summed: numbers, or products of numbers that lie alike.
private protocol Terms {
    func lanes(_ i: Int) -> Lanes
    func number(_ i: Int) -> Scalar
    func advanced(_ i: Int) -> Self
    /// Asks for what lies at i, which may be beyond the end, to come into the cache.
    func fetch(_ i: Int)
}

private struct Numbers: Terms {
    let x: Source
    @inline(__always) func lanes(_ i: Int) -> Lanes { load(x + i) }
    @inline(__always) func number(_ i: Int) -> Scalar { x[i] }
    @inline(__always) func advanced(_ i: Int) -> Numbers { Numbers(x: x + i) }
    @inline(__always) func fetch(_ i: Int) { prefetch(x + i) }
}

private struct Products: Terms {
    let a: Source
    let b: Source
    @inline(__always) func lanes(_ i: Int) -> Lanes { load(a + i) * load(b + i) }
    @inline(__always) func number(_ i: Int) -> Scalar { a[i] * b[i] }
    @inline(__always) func advanced(_ i: Int) -> Products { Products(a: a + i, b: b + i) }
    @inline(__always) func fetch(_ i: Int) {
        prefetch(a + i)
        prefetch(b + i)
    }
}

/// Rows that are summed one after the other before their sum joins the total: bounds the rounding error of long
/// columns, and is part of the fixed order of summation.
let blockRows = 64

private func sum<T: Terms>(_ extents: ArraySlice<Int>, _ reduced: ArraySlice<Bool>, _ terms: T, _ out: Destination) {
    guard let extent = extents.first, let reduces = reduced.first else {
        out[0] += terms.number(0)
        return
    }
    switch extents.count {
    case 1 where reduces: out[0] += contiguousSum(extent, terms)
    case 1: add(extent, terms, out)
    case 2 where reduces: columnSums(rows: extent, columns: extents[extents.startIndex + 1], terms, out)
    default:
        let (innerExtents, innerReduced) = (extents.dropFirst(), reduced.dropFirst())
        let step = innerExtents.reduce(1, *)
        let outStep = reduces ? 0 : zip(innerExtents, innerReduced).reduce(1) { $1.1 ? $0 : $0 * $1.0 }
        for i in 0..<extent { sum(innerExtents, innerReduced, terms.advanced(i * step), out + i * outStep) }
    }
}

/// out[i] += term[i]
private func add<T: Terms>(_ count: Int, _ terms: T, _ out: Destination) {
    var i = 0
    while i &+ laneCount <= count {
        store(load(out + i) + terms.lanes(i), out + i)
        i &+= laneCount
    }
    while i < count { out[i] += terms.number(i); i &+= 1 }
}

/// Four registers of partial sums a block, blocks added in order.
private func contiguousSum<T: Terms>(_ count: Int, _ terms: T) -> Scalar {
    let step = 4 &* laneCount, blockCount = blockRows &* step
    var total: Scalar = 0, start = 0
    while start < count {
        let end = Swift.min(count, start &+ blockCount)
        var s0 = Lanes.zero, s1 = Lanes.zero, s2 = Lanes.zero, s3 = Lanes.zero
        var i = start
        while i &+ step <= end {
            s0 += terms.lanes(i)
            s1 += terms.lanes(i &+ laneCount)
            s2 += terms.lanes(i &+ 2 &* laneCount)
            s3 += terms.lanes(i &+ 3 &* laneCount)
            i &+= step
        }
        while i &+ laneCount <= end { s0 += terms.lanes(i); i &+= laneCount }
        var rest: Scalar = 0
        while i < end { rest += terms.number(i); i &+= 1 }
        total += ((s0 + s1) + (s2 + s3)).sum() + rest
        start = end
    }
    return total
}

/// out[c] += sum over rows of term[r, c]. All columns of a block of rows come before the next block, which is fetched
/// meanwhile: down a column the processor's own prefetching fails.
private func columnSums<T: Terms>(rows: Int, columns: Int, _ terms: T, _ out: Destination) {
    withZeros(columns) { totals in
        for start in stride(from: 0, to: rows, by: blockRows) {
            let end = Swift.min(rows, start &+ blockRows)
            addBlock(start..<end, columns, terms, totals)
        }
        accumulate(columns, totals, into: out)
    }
}

/// totals[c] += sum over a block's rows of term[r, c], two registers of columns at a time.
@inline(__always)
private func addBlock<T: Terms>(_ rows: Range<Int>, _ columns: Int, _ terms: T, _ totals: Destination) {
    var c = 0
    while c &+ 2 &* laneCount <= columns {
        var block0 = Lanes.zero, block1 = Lanes.zero
        var i = rows.lowerBound &* columns &+ c
        for _ in rows {
            terms.fetch(i &+ blockRows &* columns)
            block0 += terms.lanes(i)
            block1 += terms.lanes(i &+ laneCount)
            i &+= columns
        }
        store(load(totals + c) + block0, totals + c)
        store(load(totals + (c &+ laneCount)) + block1, totals + (c &+ laneCount))
        c &+= 2 &* laneCount
    }
    while c < columns {
        var block: Scalar = 0
        for r in rows { block += terms.number(r &* columns &+ c) }
        totals[c] += block
        c &+= 1
    }
}

/// Lends `count` zeros to write to.
func withZeros(_ count: Int, _ body: (Destination) -> Void) {
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: max(1, count)) { buffer in
        guard let zeros = buffer.baseAddress else { return }
        zeros.initialize(repeating: 0, count: count)
        body(zeros)
    }
}
