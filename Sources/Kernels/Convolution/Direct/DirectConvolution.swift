/// Convolution by register tiles over zero-padded images: any kernel, stride and padding. Meant for what Winograd's
/// method does not cover: strides, 1x1 kernels and few channels.
enum DirectConvolution: ConvolutionKernel {
    static func supports(_ g: ConvolutionGeometry) -> Bool { true }

    /// Images that are padded together: enough pixels for one block of the window product.
    static func group(_ g: ConvolutionGeometry, pixels: Int) -> Int {
        max(1, min(g.images, WindowProduct.blockPositions / max(1, pixels)))
    }

    static func scratchCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        switch operation {
        case .forward:
            Panel.aligned(WindowProduct.workspaceCount)
                + PaddedImages(inputsOf: g).imageCount * group(g, pixels: g.outputPixels)
        case .inputGradient where FewChannelInputGradient.supports(g): FewChannelInputGradient(g).scratchCount
        case .inputGradient:
            Panel.aligned(WindowProduct.workspaceCount)
                + DirectInputGradient(g).padded.imageCount * group(g, pixels: g.height * g.width)
        case .weightGradient: DirectWeightGradient(g).scratchCount
        }
    }

    static func preparedFilterCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        if operation == .forward { return Panel.padded(g.outChannels) * g.patch }
        if FewChannelInputGradient.supports(g) { return FewChannelInputGradient(g).preparedFilterCount }
        return Panel.padded(g.inChannels) * g.kernelHeight * g.kernelWidth * g.outChannels
    }

    /// Panels [Co/16][kh*kw*Ci][16] for the forward pass; for the input gradient, see the structures that compute it.
    static func prepareFilters(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ filters: Source, into panels: Destination
    ) {
        if operation == .inputGradient {
            return FewChannelInputGradient.supports(g)
                ? FewChannelInputGradient(g).prepareFilters(filters, into: panels)
                : DirectInputGradient(g).prepareFilters(filters, into: panels)
        }
        let depth = g.patch
        for panel in 0..<Panel.count(g.outChannels) {
            let target = panels + panel * depth * 16
            for lane in 0..<16 {
                let output = panel * 16 + lane
                if output < g.outChannels {
                    let source = filters + output * depth
                    for k in 0..<depth { target[k &* 16 &+ lane] = source[k] }
                } else {
                    for k in 0..<depth { target[k &* 16 &+ lane] = 0 }
                }
            }
        }
    }

    static func forward(
        _ g: ConvolutionGeometry, _ x: Source, _ preparedFilters: Source, _ y: Destination,
        _ epilogue: ConvolutionEpilogue, scratch: Destination
    ) {
        let padded = PaddedImages(inputsOf: g)
        let product = WindowProduct(
            windowRows: g.kernelHeight, windowRow: g.kernelWidth * g.inChannels, rowStride: padded.rowCount,
            channels: g.outChannels, gridHeight: g.outHeight, gridWidth: g.outWidth,
            sourceImage: padded.imageCount, sourceRow: g.stride * padded.rowCount,
            sourcePixel: g.stride * g.inChannels,
            targetImage: g.outputImage, targetRow: g.outWidth * g.outChannels, targetPixel: g.outChannels)
        let copies = scratch + Panel.aligned(WindowProduct.workspaceCount)
        forEachGroup(of: group(g, pixels: g.outputPixels), g, padded, x, copies) { first, images, source in
            product.multiply(
                images: images, source, filters: preparedFilters, y + first * g.outputImage,
                epilogue: (epilogue, first), workspace: scratch)
        }
    }

    static func inputGradient(
        _ g: ConvolutionGeometry, _ dy: Source, _ preparedFilters: Source, _ dx: Destination,
        _ epilogue: ConvolutionEpilogue, scratch: Destination
    ) {
        if FewChannelInputGradient.supports(g) {
            return FewChannelInputGradient(g).run(dy, preparedFilters, dx, epilogue, scratch: scratch)
        }
        let gradient = DirectInputGradient(g)
        let copies = scratch + Panel.aligned(WindowProduct.workspaceCount)
        forEachGroup(
            of: group(g, pixels: g.height * g.width), g, gradient.padded, dy, copies
        ) { first, images, source in
            gradient.multiply(
                images: images, source, preparedFilters, dx + first * g.inputImage, workspace: scratch)
            epilogue.finish(images: first..<first + images, g.input, dx + first * g.inputImage)
        }
    }

    static func weightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination
    ) {
        DirectWeightGradient(g).run(x, dy, dw, scratch: scratch)
    }

    /// Calls `body(first image, images, their padded copies)`; images without a margin are not copied.
    private static func forEachGroup(
        of size: Int, _ g: ConvolutionGeometry, _ padded: PaddedImages, _ images: Source, _ copies: Destination,
        _ body: (_ first: Int, _ images: Int, _ source: Source) -> Void
    ) {
        let imageCount = padded.height * padded.width * padded.channels
        for first in stride(from: 0, to: g.images, by: size) {
            let count = min(size, g.images - first), source = images + first * imageCount
            if padded.isPadded { padded.copy(count, source, copies) }
            body(first, count, padded.isPadded ? Source(copies) : source)
        }
    }
}
