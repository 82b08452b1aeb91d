/// The weight gradient as sums over output pixels of outer products: of the patch of input that a pixel sees with the
/// pixel's gradient.
///
/// A register tile is a few numbers of the patch, wherever they lie in the padded image, by sixteen output channels, so
/// that few input channels waste nothing. Of many input channels patches are packed first, tile by tile, because they
/// are read anew for every sixteen output channels.
struct DirectWeightGradient {
    private let g: ConvolutionGeometry
    private let padded: PaddedImages
    /// Channels of the gradient, filled up to whole panels.
    private let channels: Int
    /// Images that are padded together, and rows of output pixels that are summed before the next tile.
    private let group, rowBlock: Int

    init(_ g: ConvolutionGeometry) {
        self.g = g
        padded = PaddedImages(inputsOf: g)
        channels = Panel.padded(g.outChannels)
        // The gradients that all tiles read then stay in the L1 cache.
        let pixels = max(64, 4096 / channels)
        group = max(1, min(g.images, pixels / max(1, g.outputPixels)))
        let blocks = (g.outputPixels + pixels - 1) / pixels
        rowBlock = (g.outHeight + blocks - 1) / max(1, blocks)
    }

    /// Gradients are read where they are, unless channels are missing.
    private var isWhole: Bool { channels == g.outChannels }
    private var inputCount: Int { padded.isPadded ? Panel.aligned(group * padded.imageCount) : 0 }
    /// Whether patches are packed: [tiles][pixels][numbers of a tile].
    private var packs: Bool { g.inChannels >= 64 && channels >= 64 }
    private var packedCount: Int {
        let tile = OuterProductSum.tile
        return packs ? Panel.aligned((g.patch + tile - 1) / tile * tile * group * rowBlock * g.outWidth) : 0
    }
    private var outputCount: Int { isWhole ? 0 : group * g.outputPixels * channels }
    private var sumCount: Int { g.patch * channels }
    var scratchCount: Int { inputCount + outputCount + packedCount + sumCount }

    func run(_ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination) {
        let inputs = scratch, gradients = inputs + inputCount, packed = gradients + outputCount
        let sums = packed + packedCount
        sums.update(repeating: 0, count: sumCount)
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * g.patch) { offsets in
            guard let offsets = offsets.baseAddress else { return }
            placeOffsets(offsets, packed: offsets + g.patch)
            for first in stride(from: 0, to: g.images, by: group) {
                let images = min(group, g.images - first)
                var source = x + first * g.inputImage, gradient = dy + first * g.outputImage
                if padded.isPadded {
                    padded.copy(images, source, inputs)
                    source = Source(inputs)
                }
                if !isWhole {
                    fillUp(images * g.outputPixels, gradient, gradients)
                    gradient = Source(gradients)
                }
                for row in stride(from: 0, to: g.outHeight, by: rowBlock) {
                    addProducts(
                        images: images, row: row, rows: min(rowBlock, g.outHeight - row), source, gradient, offsets,
                        packed: packed, sums: sums)
                }
            }
        }
        write(sums, dw)
    }

    private func fillUp(_ pixels: Int, _ source: Source, _ target: Destination) {
        target.update(repeating: 0, count: pixels * channels)
        for pixel in 0..<pixels {
            (target + pixel * channels).update(from: source + pixel * g.outChannels, count: g.outChannels)
        }
    }

    /// Where the numbers of a patch lie, from its first one on, in the order of filters; and where they lie packed.
    private func placeOffsets(_ offsets: UnsafeMutablePointer<Int>, packed: UnsafeMutablePointer<Int>) {
        let run = g.kernelWidth * g.inChannels, pixels = group * rowBlock * g.outWidth, tile = OuterProductSum.tile
        for number in 0..<g.patch {
            offsets[number] = number / run * padded.rowCount + number % run
            packed[number] = number / tile * tile * pixels + number % tile
        }
    }

    @inline(never)
    private func addProducts(
        images: Int, row: Int, rows: Int, _ inputs: Source, _ gradients: Source,
        _ offsets: UnsafePointer<Int>, packed: Destination, sums: Destination
    ) {
        let step = g.stride &* g.inChannels
        var pixels = OuterProductSum.Pixels(
            images: images, rows: rows, length: g.outWidth, pixelA: step,
            rowA: g.stride &* padded.rowCount &- g.outWidth &* step,
            imageA: padded.imageCount &- rows &* g.stride &* padded.rowCount, pixelB: channels,
            imageB: (g.outputPixels &- rows &* g.outWidth) &* channels,
            nextA: images &* rows &* g.stride &* padded.rowCount,
            nextB: images &* rows &* g.outWidth &* channels)
        var patches = inputs + row &* g.stride &* padded.rowCount, offsets = offsets
        if packs {
            pack(pixels, patches, offsets, packed)
            (patches, offsets) = (Source(packed), offsets + g.patch)
            pixels.pixelA = OuterProductSum.tile
            (pixels.rowA, pixels.imageA, pixels.nextA) = (0, 0, 0)
        }
        let panelSums = g.patch &* Panel.width, first = gradients + row &* g.outWidth &* channels
        Panel.forEachGroup(Panel.count(g.outChannels)) { panel, panels in
            OuterProductSum.add(
                pixels, patches, offsets, count: g.patch, first + panel &* Panel.width, to: sums + panel &* panelSums,
                panels: panels, panelStride: panelSums)
        }
    }

    private func pack(
        _ pixels: OuterProductSum.Pixels, _ patches: Source, _ offsets: UnsafePointer<Int>, _ packed: Destination
    ) {
        let packedOffsets = offsets + g.patch
        var patch = patches, target = packed
        for _ in 0..<pixels.images {
            for _ in 0..<pixels.rows {
                for _ in 0..<pixels.length {
                    var line = 0
                    while line < g.inChannels {
                        prefetch(patch + (pixels.nextA &+ line))
                        line &+= 16
                    }
                    for number in 0..<g.patch { target[packedOffsets[number]] = patch[offsets[number]] }
                    patch += pixels.pixelA
                    target += OuterProductSum.tile
                }
                patch += pixels.rowA
            }
            patch += pixels.imageA
        }
    }

    /// dw[Co,kh,kw,Ci] from sums [Co/16][kh*kw*Ci][16].
    private func write(_ sums: Source, _ dw: Destination) {
        for output in 0..<g.outChannels {
            let source = sums + (output / Panel.width &* g.patch &* Panel.width &+ output % Panel.width)
            let target = dw + output &* g.patch
            for number in 0..<g.patch { target[number] = source[number &* Panel.width] }
        }
    }
}
