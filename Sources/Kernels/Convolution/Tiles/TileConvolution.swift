/// Convolution on the matrix unit, of factors that are rounded to bfloat16 on their way: any kernel, stride and padding.
/// Sums are of Float.
enum TileConvolution<Block: TileBlock>: ConvolutionKernel {
    static func supports(_ g: ConvolutionGeometry) -> Bool { true }

    static func scratchCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        scalars(
            operation == .weightGradient ? TileWeightGradient(g).scratchBytes : TilePass(g, operation).scratchBytes)
    }

    static func preparedFilterCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        scalars(TileFilters(g, operation).bytes)
    }

    private static func scalars(_ bytes: Int) -> Int {
        (bytes + MemoryLayout<Scalar>.stride - 1) / MemoryLayout<Scalar>.stride
    }

    static func prepareFilters(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ filters: Source, into prepared: Destination
    ) {
        TileFilters(g, operation).prepare(filters, into: UnsafeMutableRawPointer(prepared))
    }

    static func forward(
        _ g: ConvolutionGeometry, _ x: Source, _ filters: Source, _ y: Destination, _ epilogue: ConvolutionEpilogue,
        scratch: Destination
    ) { pass(g, .forward, x, filters, y, epilogue, scratch) }

    static func inputGradient(
        _ g: ConvolutionGeometry, _ dy: Source, _ filters: Source, _ dx: Destination, _ epilogue: ConvolutionEpilogue,
        scratch: Destination
    ) { pass(g, .inputGradient, dy, filters, dx, epilogue, scratch) }

    private static func pass(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ images: Source, _ filters: Source,
        _ out: Destination, _ epilogue: ConvolutionEpilogue, _ scratch: Destination
    ) {
        TilePass(g, operation)(
            Block.self, images: g.images, images, UnsafeRawPointer(filters), out, epilogue,
            scratch: UnsafeMutableRawPointer(scratch))
    }

    static func weightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination
    ) {
        TileWeightGradient(g)(Block.self, x, dy, dw, scratch: UnsafeMutableRawPointer(scratch))
    }
}
