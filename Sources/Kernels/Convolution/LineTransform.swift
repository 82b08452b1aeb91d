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
    subscript(_ index: Int) -> Lanes { get }
}

/// Vectors at equal distances.
struct StridedLine: LaneLine {
    let base: Source, stride: Int

    @inline(__always) init(_ base: Source, _ stride: Int) {
        self.base = base
        self.stride = stride
    }

    @inline(__always) subscript(_ index: Int) -> Lanes { load(base + index &* stride) }
}

/// One vector from each of several rows, which may lie anywhere.
struct RowsLine: LaneLine {
    let rows: UnsafePointer<Source>, offset: Int

    @inline(__always) init(_ rows: UnsafePointer<Source>, _ offset: Int) {
        self.rows = rows
        self.offset = offset
    }

    @inline(__always) subscript(_ index: Int) -> Lanes { load(rows[index] + offset) }
}

/// The five matrices of a Winograd convolution with 3x3 filters, in the notation of Lavin and Gray, "Fast Algorithms
/// for Convolutional Neural Networks" (2015): Y = A'[(G g G') . (B'd B)]A.
protocol WinogradScheme {
    /// B': patch to planes.
    associatedtype InputTransform: LineTransform
    /// A': planes to output tile.
    associatedtype OutputTransform: LineTransform
    /// A: gradient of the output tile to planes.
    associatedtype GradientTransform: LineTransform
    /// G: filter to planes.
    associatedtype FilterTransform: LineTransform
    /// G': gradient of the planes to filter.
    associatedtype FilterGradientTransform: LineTransform
}

extension WinogradScheme {
    /// Side of an output tile.
    @inline(__always) static var tile: Int { OutputTransform.outputs }
    /// Side of the patch of input that an output tile sees.
    @inline(__always) static var patch: Int { OutputTransform.inputs }
    @inline(__always) static var planes: Int { patch * patch }
}
