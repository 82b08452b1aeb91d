/// The three passes of a convolution, each by the method that suits its shape.
///
/// The caller owns all memory: scratch, and filters in the form the method wants, which it may keep for as long as the
/// filters do not change. The method, and the form of prepared filters, depend on nothing but the operation and the
/// geometry without its number of images.
///
/// An image's forward and input-gradient bits do not depend on the other images of the batch, their number or its place
/// among them; a weight gradient's depend on all images in their order. A value that is not finite spoils whole tiles
/// of its image where the definition would spoil single pixels.
public struct ConvolutionEngine: Sendable, Hashable {
    private let preference: ConvolutionPreference
    private let only: ConvolutionMethod?
    private let unit: BFloat16Unit

    /// An engine that takes the method that suits a shape, as far as the user leaves the choice.
    /// - Parameter unit: what multiplies factors that are rounded to bfloat16, where it is faster than other methods.
    public init(_ preference: ConvolutionPreference = .auto, unit: BFloat16Unit = .none) {
        self.preference = preference
        self.unit = unit
        only = nil
    }

    /// An engine that knows one method, which must support every geometry it is given.
    public init(only method: ConvolutionMethod) {
        preference = .auto
        unit = .none
        only = method
    }

    /// How the operation is computed for this shape, by the same method for any number of images.
    public func method(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> ConvolutionMethod {
        let method = only ?? ConvolutionChoice.method(g, operation, preference, unit)
        precondition(
            method.supports(g),
            "convolution: \(method) does not support kernel \(g.kernelHeight)x\(g.kernelWidth), stride \(g.stride), "
                + "padding \(g.padding)")
        return method
    }

    private func kernel(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation
    ) -> any ConvolutionKernel.Type { method(g, operation).kernel }

    /// Scalars of scratch that the operation overwrites; their contents are arbitrary. Best 64-byte aligned.
    public func scratchCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        kernel(g, operation).scratchCount(g, operation)
    }

    /// Scalars of prepared filters; 0 where the operation reads filters as they are, or none (`weightGradient`).
    public func preparedFilterCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        operation == .weightGradient ? 0 : kernel(g, operation).preparedFilterCount(g, operation)
    }

    /// Brings filters w[Co,kh,kw,Ci] into the form that `operation` reads. Does nothing where `preparedFilterCount` is
    /// 0.
    public func prepareFilters(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ filters: Source, into prepared: Destination
    ) {
        if operation == .weightGradient { return }
        kernel(g, operation).prepareFilters(g, operation, filters, into: prepared)
    }

    /// y[N,Ho,Wo,Co] = x[N,H,W,Ci] * w. `filters` are the prepared ones, or w itself where their count is 0.
    public func forward(
        _ g: ConvolutionGeometry, _ x: Source, _ filters: Source, _ y: Destination,
        _ epilogue: ConvolutionEpilogue = ConvolutionEpilogue(), scratch: Destination
    ) {
        kernel(g, .forward).forward(g, x, filters, y, epilogue, scratch: scratch)
    }

    /// dx[N,H,W,Ci] from dy[N,Ho,Wo,Co]. `filters` are the prepared ones, or w itself where their count is 0.
    public func inputGradient(
        _ g: ConvolutionGeometry, _ dy: Source, _ filters: Source, _ dx: Destination,
        _ epilogue: ConvolutionEpilogue = ConvolutionEpilogue(), scratch: Destination
    ) {
        kernel(g, .inputGradient).inputGradient(g, dy, filters, dx, epilogue, scratch: scratch)
    }

    /// dw[Co,kh,kw,Ci] = sum over images and pixels of dy times the patch of x; overwrites dw.
    public func weightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination
    ) {
        kernel(g, .weightGradient).weightGradient(g, x, dy, dw, scratch: scratch)
    }

    /// Whether the forward pass and the weight gradient read the same patches in the same form.
    public func sharesPatches(_ g: ConvolutionGeometry) -> Bool { jointScratchCount(g) > 0 }

    /// Scratch of `forwardAndWeightGradient`; 0 where there is no such pass.
    public func jointScratchCount(_ g: ConvolutionGeometry) -> Int {
        let method = method(g, .forward)
        return method == self.method(g, .weightGradient) ? method.kernel.jointScratchCount(g) : 0
    }

    /// `forward` of x and `weightGradient` of x and dy, with the bits that they have apart, where `sharesPatches`.
    public func forwardAndWeightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ filters: Source, _ y: Destination, _ epilogue: ConvolutionEpilogue,
        dy: Source, dw: Destination, scratch: Destination
    ) {
        kernel(g, .forward).forwardAndWeightGradient(g, x, filters, y, epilogue, dy: dy, dw: dw, scratch: scratch)
    }
}
