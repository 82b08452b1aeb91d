/// An element-by-element function of two numbers, for whole registers and for the remainder of a row.
protocol BinaryFunction {
    static func apply(_ a: Lanes, _ b: Lanes) -> Lanes
    static func apply(_ a: Scalar, _ b: Scalar) -> Scalar
}

private enum Sum: BinaryFunction {
    @inline(__always) static func apply(_ a: Lanes, _ b: Lanes) -> Lanes { a + b }
    @inline(__always) static func apply(_ a: Scalar, _ b: Scalar) -> Scalar { a + b }
}
private enum Difference: BinaryFunction {
    @inline(__always) static func apply(_ a: Lanes, _ b: Lanes) -> Lanes { a - b }
    @inline(__always) static func apply(_ a: Scalar, _ b: Scalar) -> Scalar { a - b }
}
private enum Product: BinaryFunction {
    @inline(__always) static func apply(_ a: Lanes, _ b: Lanes) -> Lanes { a * b }
    @inline(__always) static func apply(_ a: Scalar, _ b: Scalar) -> Scalar { a * b }
}
private enum Quotient: BinaryFunction {
    @inline(__always) static func apply(_ a: Lanes, _ b: Lanes) -> Lanes { a / b }
    @inline(__always) static func apply(_ a: Scalar, _ b: Scalar) -> Scalar { a / b }
}

/// What two numbers become.
public enum BinaryKind: String, Sendable, CaseIterable { case add, subtract, multiply, divide }

/// out = a (kind) b under broadcasting. `out` may be the same buffer as an input that is not repeated.
public func elementwise(_ kind: BinaryKind, _ plan: BroadcastPlan, _ a: Source, _ b: Source, _ out: Destination) {
    switch kind {
    case .add: run(Sum.self, plan, a, b, out)
    case .subtract: run(Difference.self, plan, a, b, out)
    case .multiply: run(Product.self, plan, a, b, out)
    case .divide: run(Quotient.self, plan, a, b, out)
    }
}

@inline(__always)
private func run<F: BinaryFunction>(
    _: F.Type, _ plan: BroadcastPlan, _ a: Source, _ b: Source, _ out: Destination
) {
    if let columns = plan.fewColumns {
        return runRepeated(F.self, rows: plan.extents[0], columns: columns, a, b, out)
    }
    let count = plan.extents.last ?? 1
    let repeatsA = plan.strideA.last == 0, repeatsB = plan.strideB.last == 0
    plan.forEachRun { offsetA, offsetB, offset in
        let a = a + offsetA, b = b + offsetB, out = out + offset
        var i = 0
        if repeatsA && repeatsB {
            out.update(repeating: F.apply(a[0], b[0]), count: count)
        } else if repeatsA {
            let value = a[0], lanes = Lanes(repeating: value)
            while i &+ laneCount <= count { store(F.apply(lanes, load(b + i)), out + i); i &+= laneCount }
            while i < count { out[i] = F.apply(value, b[i]); i &+= 1 }
        } else if repeatsB {
            let value = b[0], lanes = Lanes(repeating: value)
            while i &+ laneCount <= count { store(F.apply(load(a + i), lanes), out + i); i &+= laneCount }
            while i < count { out[i] = F.apply(a[i], value); i &+= 1 }
        } else {
            while i &+ laneCount <= count { store(F.apply(load(a + i), load(b + i)), out + i); i &+= laneCount }
            while i < count { out[i] = F.apply(a[i], b[i]); i &+= 1 }
        }
    }
}

/// out[r, c] = F(a[r, c], b[c]) with rows shorter than a register: eight rows at a time against b eight times over.
@inline(__always)
private func runRepeated<F: BinaryFunction>(
    _: F.Type, rows: Int, columns: Int, _ a: Source, _ b: Source, _ out: Destination
) {
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: laneCount * columns) { pattern in
        guard let pattern = pattern.baseAddress else { return }
        for i in 0..<(laneCount &* columns) { pattern[i] = b[i % columns] }
        let count = rows &* columns
        var start = 0
        while start &+ laneCount &* columns <= count {
            for c in 0..<columns {
                let i = c &* laneCount
                store(F.apply(load(a + (start &+ i)), load(pattern + i)), out + (start &+ i))
            }
            start &+= laneCount &* columns
        }
        for i in start..<count { out[i] = F.apply(a[i], pattern[i &- start]) }
    }
}

/// accumulator += x, both of `count` numbers.
public func accumulate(_ count: Int, _ x: Source, into accumulator: Destination) {
    var i = 0
    while i &+ laneCount <= count {
        store(load(accumulator + i) + load(x + i), accumulator + i)
        i &+= laneCount
    }
    while i < count { accumulator[i] += x[i]; i &+= 1 }
}
