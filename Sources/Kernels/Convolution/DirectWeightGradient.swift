/// The weight gradient as sums over pixels of packed operands.
///
/// The columns of a register tile are either sixteen input channels under one tap, or, where there are few channels, up
/// to sixteen consecutive numbers of a kernel row, which are consecutive in the padded image as well.
struct DirectWeightGradient {
    private let g: ConvolutionGeometry
    /// The packed input, in which output pixels are `stride` pixels apart. A kernel of one pixel skips the pixels in
    /// between, so that only the others are packed.
    private let padded: PaddedImages
    private let stride: Int
    private let isPointwise: Bool
    /// Images that are packed together, and rows of output pixels that are summed before the next tile.
    private let group, rowBlock: Int
    private let byKernelRow: Bool
    /// Tiles along the columns: taps (or kernel rows) times panels of each.
    private let taps, panels: Int

    init(_ g: ConvolutionGeometry) {
        self.g = g
        isPointwise = g.kernelHeight == 1 && g.kernelWidth == 1 && g.padding == 0
        padded = isPointwise
            ? PaddedImages(
                height: g.outHeight, width: g.outWidth, channels: g.inChannels, top: 0, bottom: 0, left: 0, right: 0)
            : DirectConvolution.padded(g)
        stride = isPointwise ? 1 : g.stride
        group = DirectConvolution.group(g, pixels: g.outputPixels)
        rowBlock = group > 1 ? g.outHeight : max(1, WindowProduct.blockPositions / g.outWidth)
        let rowPanels = Panel.count(g.kernelWidth * g.inChannels)
        byKernelRow = rowPanels < g.kernelWidth * Panel.count(g.inChannels)
        taps = byKernelRow ? g.kernelHeight : g.kernelHeight * g.kernelWidth
        panels = byKernelRow ? rowPanels : Panel.count(g.inChannels)
    }

    /// Whether the gradients are a panel as they are.
    private var isPanel: Bool { g.outChannels == 16 }

    private var outputs: PaddedImages {
        PaddedImages(
            height: g.outHeight, width: g.outWidth, channels: g.outChannels, top: 0, bottom: 0, left: 0, right: 0)
    }
    private var inputCount: Int {
        // A tile's last columns may reach beyond the last pixel.
        Panel.aligned(byKernelRow ? group * padded.imageCount + panels * 16 : padded.panelCount(images: group))
    }
    private var outputCount: Int { isPanel ? 0 : Panel.aligned(outputs.panelCount(images: group)) }
    private var gradientCount: Int { taps * panels * Panel.padded(g.outChannels) * 16 }
    var scratchCount: Int { inputCount + outputCount + gradientCount }

    func run(_ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination) {
        let inputs = scratch, gradients = inputs + inputCount, sums = gradients + outputCount
        sums.update(repeating: 0, count: gradientCount)
        if byKernelRow { (inputs + group * padded.imageCount).update(repeating: 0, count: panels * 16) }
        for first in Swift.stride(from: 0, to: g.images, by: group) {
            let images = min(group, g.images - first)
            if byKernelRow {
                padded.copy(images, x + first * g.inputImage, inputs)
            } else {
                let step = g.stride / stride
                padded.copyToPanels(
                    images, x + first * g.inputImage, inputs, imageStride: g.inputImage,
                    rowStride: step * g.width * g.inChannels, pixelStride: step * g.inChannels)
            }
            let outputs = dy + first * g.outputImage
            if !isPanel {
                self.outputs.copyToPanels(
                    images, outputs, gradients, imageStride: g.outputImage, rowStride: g.outWidth * g.outChannels,
                    pixelStride: g.outChannels)
            }
            for row in Swift.stride(from: 0, to: g.outHeight, by: rowBlock) {
                addProducts(
                    images, row, min(rowBlock, g.outHeight - row), inputs, isPanel ? outputs : Source(gradients), sums)
            }
        }
        write(sums, dw)
    }

    /// Distances in the packed input: between pixels under one tap, padded rows, images, and panels.
    private func distances(_ images: Int) -> (pixel: Int, row: Int, image: Int, panel: Int) {
        byKernelRow
            ? (g.inChannels, padded.rowCount, padded.imageCount, 16)
            : (16, padded.paddedWidth * 16, padded.paddedHeight * padded.paddedWidth * 16,
                images * padded.paddedHeight * padded.paddedWidth * 16)
    }

    @inline(never)
    private func addProducts(
        _ images: Int, _ row: Int, _ rows: Int, _ inputs: Source, _ gradients: Source, _ sums: Destination
    ) {
        let distance = distances(images)
        let pixels =
            isPointwise
            ? TransposedPanelProduct.Pixels(
                images: 1, rows: 1, length: images * rows * g.outWidth, pixelB: distance.pixel, rowB: 0, imageB: 0)
            : TransposedPanelProduct.Pixels(
                images: images, rows: rows, length: g.outWidth, pixelB: stride * distance.pixel,
                rowB: stride * distance.row, imageB: distance.image)
        let outputPanel = images &* g.outputPixels &* 16
        var target = sums
        for tap in 0..<taps {
            let ky = byKernelRow ? tap : tap / g.kernelWidth, kx = byKernelRow ? 0 : tap % g.kernelWidth
            let corner = inputs + ((row * stride + ky) * distance.row + kx * distance.pixel)
            for panel in 0..<panels {
                for output in 0..<Panel.count(g.outChannels) {
                    TransposedPanelProduct.accumulate(
                        pixels, gradients + (output &* outputPanel &+ row &* g.outWidth &* 16),
                        corner + panel &* distance.panel, target, 16, adding: true)
                    target += 256
                }
            }
        }
    }

    /// dw[Co,kh,kw,Ci] from sums [taps][panels][Co][16].
    private func write(_ sums: Source, _ dw: Destination) {
        let run = byKernelRow ? g.kernelWidth * g.inChannels : g.inChannels
        let rows = Panel.padded(g.outChannels)
        for tap in 0..<taps {
            for panel in 0..<panels {
                let lanes = min(16, run - panel * 16)
                for output in 0..<g.outChannels {
                    let source = sums + ((tap &* panels &+ panel) &* rows &+ output) &* 16
                    let target = dw + (output &* g.patch &+ tap &* run &+ panel &* 16)
                    for lane in 0..<lanes { target[lane] = source[lane] }
                }
            }
        }
    }
}
