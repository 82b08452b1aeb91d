/// A small constant matrix applied to vectors of lanes along one line of a tile.
///
/// A protocol with inlined static methods, because the compiler does not inline closures of this length.
protocol LineTransform {
    static var inputs: Int { get }
    static var outputs: Int { get }

    /// Writes output i to `destination + i * stride`.
    static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int)
}

/// Where the vectors of a line come from.
protocol LaneLine {
    subscript(_ index: Int) -> RegisterLanes { get }
}

/// Vectors at equal distances.
struct StridedLine: LaneLine {
    let base: Source, stride: Int

    @inline(__always) init(_ base: Source, _ stride: Int) {
        self.base = base
        self.stride = stride
    }

    @inline(__always) subscript(_ index: Int) -> RegisterLanes { load(base + index &* stride, as: RegisterLanes.self) }
}

/// One vector from each of several rows, which may lie anywhere.
struct RowsLine: LaneLine {
    let rows: UnsafePointer<Source>, offset: Int

    @inline(__always) init(_ rows: UnsafePointer<Source>, _ offset: Int) {
        self.rows = rows
        self.offset = offset
    }

    @inline(__always) subscript(_ index: Int) -> RegisterLanes { load(rows[index] + offset, as: RegisterLanes.self) }
}

extension RegisterLanes {
    /// self + other * factor, rounded once.
    @inline(__always) func adding(_ other: RegisterLanes, times factor: Scalar) -> RegisterLanes {
        addingProduct(other, RegisterLanes(repeating: factor))
    }
}
