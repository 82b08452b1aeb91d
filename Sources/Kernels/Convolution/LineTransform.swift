/// A small constant matrix applied to vectors of lanes along one line of a tile.
///
/// A protocol with inlined static methods, because the compiler does not inline closures of this length.
protocol LineTransform {
    static var inputs: Int { get }
    static var outputs: Int { get }

    static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result)
}

/// Where the vectors of a line come from.
protocol LaneLine {
    subscript(_ index: Int) -> RegisterLanes { get }
}

/// Where they go.
protocol WritableLine: LaneLine {
    subscript(_ index: Int) -> RegisterLanes { get set }
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

/// Places at equal distances.
struct StridedPlaces: WritableLine {
    let base: Destination, stride: Int

    @inline(__always) init(_ base: Destination, _ stride: Int) {
        self.base = base
        self.stride = stride
    }

    @inline(__always) subscript(_ index: Int) -> RegisterLanes {
        get { load(base + index &* stride, as: RegisterLanes.self) }
        nonmutating set { store(newValue, base + index &* stride) }
    }
}

/// One vector from each of several rows, which may lie anywhere.
struct RowsLine: LaneLine {
    let rows: UnsafePointer<Source>
    var offset: Int

    @inline(__always) init(_ rows: UnsafePointer<Source>, _ offset: Int) {
        self.rows = rows
        self.offset = offset
    }

    @inline(__always) subscript(_ index: Int) -> RegisterLanes { load(rows[index] + offset, as: RegisterLanes.self) }
}

/// Up to six vectors in registers. Every index must be a constant after inlining, or all of them go to memory.
struct RegisterLine: WritableLine {
    private var v0, v1, v2, v3, v4, v5: RegisterLanes

    @inline(__always) init() {
        (v0, v1, v2, v3, v4, v5) = (.zero, .zero, .zero, .zero, .zero, .zero)
    }

    @inline(__always) subscript(_ index: Int) -> RegisterLanes {
        get {
            switch index {
            case 0: v0
            case 1: v1
            case 2: v2
            case 3: v3
            case 4: v4
            default: v5
            }
        }
        set {
            switch index {
            case 0: v0 = newValue
            case 1: v1 = newValue
            case 2: v2 = newValue
            case 3: v3 = newValue
            case 4: v4 = newValue
            default: v5 = newValue
            }
        }
    }
}

extension RegisterLanes {
    /// self + other * factor, rounded once.
    @inline(__always) func adding(_ other: RegisterLanes, times factor: Scalar) -> RegisterLanes {
        addingProduct(other, RegisterLanes(repeating: factor))
    }
}
