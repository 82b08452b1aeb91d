/// A Winograd convolution with 3x3 filters and padding 1, in the notation of Lavin and Gray, "Fast Algorithms for
/// Convolutional Neural Networks" (2015): Y = A'[(G g G') . (B'd B)]A.
///
/// Rows and columns are transformed alike. Where several products of a line share one number of the filter, that number
/// is stored once: `filterLine` says where.
protocol WinogradScheme: ConvolutionKernel {
    associatedtype Forward: WinogradPass
    /// The pass from dy to dx, with the filter turned by 180 degrees.
    associatedtype InputGradient: WinogradPass
    /// A: gradient of the output tile to planes.
    associatedtype GradientTransform: LineTransform
    /// G: filter to its planes.
    associatedtype FilterTransform: LineTransform
    /// G': gradient of the filter's planes to filter.
    associatedtype FilterGradientTransform: LineTransform

    static var stride: Int { get }
    /// Where the number of the filter stands that product `line` of a line is made with.
    static func filterLine(_ line: Int) -> Int
}

extension WinogradScheme {
    /// Side of an output tile.
    @inline(__always) static var tile: Int { Forward.OutputTransform.outputs }
    /// Side of the transformed filter.
    @inline(__always) static var filterLines: Int { FilterTransform.outputs }
    @inline(__always) static var filterPlanes: Int { filterLines * filterLines }

    /// The plane of the filter that plane `plane` of a pass is multiplied with.
    static func filterPlane(_ plane: Int) -> Int {
        let lines = Forward.lines
        return filterLine(plane / lines) * filterLines + filterLine(plane % lines)
    }
}

/// How a pass cuts images into patches and transforms them to products, and the products to output tiles.
protocol WinogradPass {
    /// B': patch to planes.
    associatedtype InputTransform: LineTransform
    /// A': planes to output tile.
    associatedtype OutputTransform: LineTransform
    /// Pixels between the patches of neighbouring tiles.
    static var inputStep: Int { get }
    /// Pixels by which the first patch lies before the image.
    static var margin: Int { get }
}

extension WinogradPass {
    @inline(__always) static var lines: Int { InputTransform.outputs }
    @inline(__always) static var planes: Int { lines * lines }
    /// Rows of a patch beyond those at which the patch of the next row of tiles begins, without the margin.
    static var rowsBeyond: Int { InputTransform.inputs - inputStep - margin }
}

/// With stride 1 both directions are the same pass.
extension WinogradPass where Self: WinogradScheme {
    @inline(__always) static var stride: Int { 1 }
    @inline(__always) static var inputStep: Int { OutputTransform.outputs }
    @inline(__always) static var margin: Int { 1 }
}
