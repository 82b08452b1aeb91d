/// The input gradient of a stem: stride 1 and so few input channels that a panel of them would be mostly padding.
///
/// Each output pixel is multiplied with all taps and channels at once, which fill panels well; an input pixel then adds
/// up one tap from each output pixel that sees it.
struct FewChannelInputGradient {
    private let g: ConvolutionGeometry
    /// Products of one output pixel: taps times channels, padded.
    private let columns: Int
    /// Products of one image, with margins of zeros for output pixels that do not exist.
    private let products: PaddedImages

    static func supports(_ g: ConvolutionGeometry) -> Bool { g.stride == 1 && g.inChannels <= 4 }

    init(_ g: ConvolutionGeometry) {
        self.g = g
        columns = Panel.padded(g.patch)
        let vertical = max(0, g.kernelHeight - 1 - g.padding), horizontal = max(0, g.kernelWidth - 1 - g.padding)
        products = PaddedImages(
            height: g.outHeight, width: g.outWidth, channels: columns, top: vertical, bottom: vertical,
            left: horizontal, right: horizontal)
    }

    /// A pixel reads four lanes of every tap, so that the last tap may reach beyond the last pixel.
    private var productCount: Int { products.imageCount + 16 }
    var scratchCount: Int { Panel.aligned(WindowProduct.workspaceCount) + productCount }
    var preparedFilterCount: Int { columns * g.outChannels }

    /// Panels [kh*kw*Ci/16][Co][16].
    func prepareFilters(_ filters: Source, into panels: Destination) {
        for panel in 0..<(columns / 16) {
            let lanes = min(16, g.patch - panel * 16)
            for output in 0..<g.outChannels {
                let source = filters + (output * g.patch + panel * 16)
                let target = panels + (panel * g.outChannels + output) * 16
                target.update(from: source, count: lanes)
                (target + lanes).update(repeating: 0, count: 16 - lanes)
            }
        }
    }

    func run(
        _ dy: Source, _ preparedFilters: Source, _ dx: Destination, _ epilogue: ConvolutionEpilogue,
        scratch: Destination
    ) {
        let image = scratch + Panel.aligned(WindowProduct.workspaceCount)
        image.update(repeating: 0, count: productCount)
        let product = WindowProduct(
            windowRows: 1, windowRow: g.outChannels, rowStride: 0, channels: columns, gridHeight: g.outHeight,
            gridWidth: g.outWidth, sourceImage: g.outputImage, sourceRow: g.outWidth * g.outChannels,
            sourcePixel: g.outChannels, targetImage: 0, targetRow: products.rowCount, targetPixel: columns)
        let inside = image + products.top * products.rowCount + products.left * columns
        for n in 0..<g.images {
            product.multiply(
                images: 1, dy + n * g.outputImage, filters: preparedFilters, inside, workspace: scratch)
            addTaps(image, dx + n * g.inputImage)
            epilogue.finish(images: n..<n + 1, g.input, dx + n * g.inputImage)
        }
    }

    /// dx of one image.
    @inline(never)
    private func addTaps(_ image: Source, _ dx: Destination) {
        let channels = g.inChannels, kernelWidth = g.kernelWidth
        // From a tap to the next of the same kernel row: one pixel back, one tap on.
        let tapStep = channels &- columns
        let rowStep = kernelWidth &* channels &- products.rowCount
        let firstRow = g.padding &+ products.top, firstColumn = g.padding &+ products.left
        let pixels = g.height &* g.width
        var target = dx
        for y in 0..<g.height {
            var pixel = image + ((y &+ firstRow) &* products.rowCount &+ firstColumn &* columns)
            for x in 0..<g.width {
                var sum = SIMD4<Scalar>.zero
                var row = pixel
                for _ in 0..<g.kernelHeight {
                    var tap = row
                    for _ in 0..<kernelWidth {
                        sum += UnsafeRawPointer(tap).loadUnaligned(as: SIMD4<Scalar>.self)
                        tap += tapStep
                    }
                    row += rowStep
                }
                if y &* g.width &+ x &+ 4 <= pixels {
                    // Spare lanes fall on the following pixels, which are written later.
                    UnsafeMutableRawPointer(target).storeBytes(of: sum, as: SIMD4<Scalar>.self)
                } else {
                    for channel in 0..<channels { target[channel] = sum[channel] }
                }
                target += channels
                pixel += columns
            }
        }
    }
}
