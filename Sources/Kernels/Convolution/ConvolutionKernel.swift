/// One way to compute the passes of a convolution. See `ConvolutionEngine` for what the functions promise.
protocol ConvolutionKernel {
    static func supports(_ g: ConvolutionGeometry) -> Bool

    static func scratchCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int
    /// 0 where filters are read as they are.
    static func preparedFilterCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int
    static func prepareFilters(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ filters: Source, into prepared: Destination)

    static func forward(
        _ g: ConvolutionGeometry, _ x: Source, _ filters: Source, _ y: Destination, _ epilogue: ConvolutionEpilogue,
        scratch: Destination)
    static func inputGradient(
        _ g: ConvolutionGeometry, _ dy: Source, _ filters: Source, _ dx: Destination, _ epilogue: ConvolutionEpilogue,
        scratch: Destination)
    static func weightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination)

    /// 0 where the forward pass and the weight gradient have nothing in common.
    static func jointScratchCount(_ g: ConvolutionGeometry) -> Int
    static func forwardAndWeightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ filters: Source, _ y: Destination, _ epilogue: ConvolutionEpilogue,
        dy: Source, dw: Destination, scratch: Destination)
}

extension ConvolutionKernel {
    static func jointScratchCount(_ g: ConvolutionGeometry) -> Int { 0 }
    static func forwardAndWeightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ filters: Source, _ y: Destination, _ epilogue: ConvolutionEpilogue,
        dy: Source, dw: Destination, scratch: Destination
    ) {
        preconditionFailure("convolution: this method's forward pass and weight gradient share nothing")
    }
}
