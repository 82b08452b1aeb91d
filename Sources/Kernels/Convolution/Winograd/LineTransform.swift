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

/// Six vectors, or lines of them, in registers. Every index must be a constant after inlining, or all go to memory.
struct Six<Element> {
    private var e0, e1, e2, e3, e4, e5: Element

    @inline(__always) init(repeating element: Element) {
        (e0, e1, e2, e3, e4, e5) = (element, element, element, element, element, element)
    }

    @inline(__always) subscript(_ index: Int) -> Element {
        get {
            switch index {
            case 0: e0
            case 1: e1
            case 2: e2
            case 3: e3
            case 4: e4
            default: e5
            }
        }
        set {
            switch index {
            case 0: e0 = newValue
            case 1: e1 = newValue
            case 2: e2 = newValue
            case 3: e3 = newValue
            case 4: e4 = newValue
            default: e5 = newValue
            }
        }
    }
}

extension Six: LaneLine, WritableLine where Element == RegisterLanes {}

extension RegisterLanes {
    /// self + other * factor, rounded once.
    @inline(__always) func adding(_ other: RegisterLanes, times factor: Scalar) -> RegisterLanes {
        addingProduct(other, RegisterLanes(repeating: factor))
    }
}
