/// Convolution as matrix products over unfolded patches (im2col): any kernel, stride and padding. The engine for odd
/// shapes, and the reference that faster ones are compared with.
///
/// Images go through one by one: the product of one image has the same shape, and so the same bits, whatever batch it
/// stands in, and its patches stay in cache.
public enum PatchConvolution: ConvolutionKernel {
    static func supports(_ g: ConvolutionGeometry) -> Bool { true }

    static func scratchCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int { scratchCount(g) }

    /// Scratch that each of the three needs, in numbers.
    public static func scratchCount(_ g: ConvolutionGeometry) -> Int { g.outputPixels * g.patch }

    static func preparedFilterCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int { 0 }
    static func prepareFilters(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ filters: Source, into prepared: Destination
    ) {}

    private static func isPointwise(_ g: ConvolutionGeometry) -> Bool {
        g.kernelHeight == 1 && g.kernelWidth == 1 && g.stride == 1 && g.padding == 0
    }

    /// y[N,Ho,Wo,Co] = x[N,H,W,Ci] * w[Co,kh,kw,Ci]
    public static func forward(
        _ g: ConvolutionGeometry, _ x: Source, _ w: Source, _ y: Destination,
        _ epilogue: ConvolutionEpilogue = ConvolutionEpilogue(), scratch: Destination
    ) {
        for n in 0..<g.images {
            let patches = patches(g, x + n * g.inputImage, scratch)
            BLAS.gemm(
                transposeB: true, m: g.outputPixels, n: g.outChannels, k: g.patch, patches, stride: g.patch,
                w, stride: g.patch, y + n * g.outputImage, stride: g.outChannels)
            epilogue.finish(images: n..<n + 1, g.output, y + n * g.outputImage)
        }
    }

    /// dx[N,H,W,Ci]: the transpose of `forward` in x, applied to dy[N,Ho,Wo,Co].
    public static func inputGradient(
        _ g: ConvolutionGeometry, _ dy: Source, _ w: Source, _ dx: Destination,
        _ epilogue: ConvolutionEpilogue = ConvolutionEpilogue(), scratch: Destination
    ) {
        for n in 0..<g.images {
            let image = dx + n * g.inputImage
            let target = isPointwise(g) ? image : scratch
            BLAS.gemm(
                m: g.outputPixels, n: g.patch, k: g.outChannels, dy + n * g.outputImage, stride: g.outChannels,
                w, stride: g.patch, target, stride: g.patch)
            if !isPointwise(g) { fold(g, scratch, image) }
            epilogue.finish(images: n..<n + 1, g.input, image)
        }
    }

    /// dw[Co,kh,kw,Ci] = sum over images and pixels of dy times the patch of x.
    public static func weightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination
    ) {
        if g.images == 0 { dw.update(repeating: 0, count: g.filterCount) }
        for n in 0..<g.images {
            let patches = patches(g, x + n * g.inputImage, scratch)
            BLAS.gemm(
                transposeA: true, m: g.outChannels, n: g.patch, k: g.outputPixels,
                dy + n * g.outputImage, stride: g.outChannels, patches, stride: g.patch,
                beta: n == 0 ? 0 : 1, dw, stride: g.patch)
        }
    }

    private static func patches(_ g: ConvolutionGeometry, _ image: Source, _ scratch: Destination) -> Source {
        if isPointwise(g) { return image }
        unfold(g, image, scratch)
        return Source(scratch)
    }

    /// Calls `body(patchOffset, imageOffset)` for every kernel row of every output pixel; `imageOffset` is nil where
    /// the row lies wholly in the padding. `columns` are the kernel columns inside the image.
    @inline(__always)
    private static func forEachKernelRow(
        _ g: ConvolutionGeometry, _ body: (_ patchOffset: Int, _ imageOffset: Int?, _ columns: Range<Int>) -> Void
    ) {
        let rowLength = g.kernelWidth &* g.inChannels
        var patchOffset = 0
        for oy in 0..<g.outHeight {
            for ox in 0..<g.outWidth {
                let left = ox &* g.stride &- g.padding
                let first = max(0, -left), last = min(g.kernelWidth, g.width &- left)
                for ky in 0..<g.kernelHeight {
                    let iy = oy &* g.stride &- g.padding &+ ky
                    let inside = iy >= 0 && iy < g.height && first < last
                    body(
                        patchOffset, inside ? (iy &* g.width &+ left) &* g.inChannels : nil,
                        inside ? first..<last : 0..<0)
                    patchOffset &+= rowLength
                }
            }
        }
    }

    private static func unfold(_ g: ConvolutionGeometry, _ image: Source, _ patches: Destination) {
        let channels = g.inChannels, rowLength = g.kernelWidth * channels
        forEachKernelRow(g) { patchOffset, imageOffset, columns in
            let row = patches + patchOffset
            guard let imageOffset else { return row.update(repeating: 0, count: rowLength) }
            if columns.lowerBound > 0 { row.update(repeating: 0, count: columns.lowerBound &* channels) }
            let start = columns.lowerBound &* channels, count = columns.count &* channels
            (row + start).update(from: image + (imageOffset &+ start), count: count)
            let end = columns.upperBound &* channels
            if end < rowLength { (row + end).update(repeating: 0, count: rowLength &- end) }
        }
    }

    private static func fold(_ g: ConvolutionGeometry, _ patches: Source, _ image: Destination) {
        image.update(repeating: 0, count: g.inputImage)
        let channels = g.inChannels
        forEachKernelRow(g) { patchOffset, imageOffset, columns in
            guard let imageOffset else { return }
            let start = columns.lowerBound &* channels
            accumulate(
                columns.count &* channels, patches + (patchOffset &+ start), into: image + (imageOffset &+ start))
        }
    }
}
