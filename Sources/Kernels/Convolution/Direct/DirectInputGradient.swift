/// The input gradient as one window product for each remainder of the pixel's place modulo the stride.
///
/// Input pixel iy receives from the kernel rows ky with (iy + padding - ky) divisible by the stride, that is from
/// ky = r, r + stride, ... with r = (iy + padding) mod stride, and from output rows (iy + padding - ky) / stride.
/// Pixels of one remainder share their kernel rows, and the output rows in descending ky are consecutive.
struct DirectInputGradient {
    /// One remainder along one axis: the pixels start, start + stride, ...
    private struct Axis {
        let start, pixels: Int
        /// Kernel places in descending order.
        let taps: [Int]
        /// Output place that the first tap of the first pixel reads, without the margin: may be negative.
        let firstOutput: Int

        static func all(size: Int, kernel: Int, _ g: ConvolutionGeometry) -> [Axis] {
            (0..<min(g.stride, size)).map { start in
                let remainder = (start + g.padding) % g.stride
                let taps = Array(stride(from: remainder, to: kernel, by: g.stride).reversed())
                // Exact: the difference is a multiple of the stride, also when it is negative.
                let first = taps.first.map { (start + g.padding - $0) / g.stride } ?? 0
                return Axis(
                    start: start, pixels: (size - start + g.stride - 1) / g.stride, taps: taps, firstOutput: first)
            }
        }

        /// Margins of zeros before and after `outputs` outputs that the windows of all remainders need.
        static func margins(_ axes: [Axis], outputs: Int) -> (before: Int, after: Int) {
            let used = axes.filter { !$0.taps.isEmpty }
            let before = used.map { -$0.firstOutput }.max() ?? 0
            let after = used.map { $0.firstOutput + $0.pixels - 1 + $0.taps.count - outputs }.max() ?? 0
            return (max(0, before), max(0, after))
        }
    }

    private let g: ConvolutionGeometry
    private let rows, columns: [Axis]
    /// dy with its margins.
    let padded: PaddedImages

    init(_ g: ConvolutionGeometry) {
        self.g = g
        rows = Axis.all(size: g.height, kernel: g.kernelHeight, g)
        columns = Axis.all(size: g.width, kernel: g.kernelWidth, g)
        let vertical = Axis.margins(rows, outputs: g.outHeight)
        let horizontal = Axis.margins(columns, outputs: g.outWidth)
        padded = PaddedImages(
            height: g.outHeight, width: g.outWidth, channels: g.outChannels, top: vertical.before,
            bottom: vertical.after, left: horizontal.before, right: horizontal.after)
    }

    /// One after the other for each pair of remainders, panels [Ci/16][taps][Co][16].
    func prepareFilters(_ filters: Source, into panels: Destination) {
        var target = panels
        for row in rows {
            for column in columns {
                for panel in 0..<Panel.count(g.inChannels) {
                    let lanes = min(16, g.inChannels - panel * 16)
                    for ky in row.taps {
                        for kx in column.taps {
                            for output in 0..<g.outChannels {
                                let tap = (output &* g.kernelHeight &+ ky) &* g.kernelWidth &+ kx
                                let source = filters + (tap &* g.inChannels &+ panel &* 16)
                                for lane in 0..<lanes { target[lane] = source[lane] }
                                for lane in lanes..<16 { target[lane] = 0 }
                                target += 16
                            }
                        }
                    }
                }
            }
        }
    }

    /// dx of `images` images from their padded dy.
    func multiply(
        images: Int, _ dy: Source, _ preparedFilters: Source, _ dx: Destination, workspace: Destination
    ) {
        // Pixels that no window reads: all at once, because one by one they are a line of cache here and there.
        if (rows + columns).contains(where: \.taps.isEmpty) { dx.update(repeating: 0, count: images * g.inputImage) }
        var filters = preparedFilters
        for row in rows where !row.taps.isEmpty {
            for column in columns where !column.taps.isEmpty {
                let product = WindowProduct(
                    windowRows: row.taps.count, windowRow: column.taps.count * g.outChannels,
                    rowStride: padded.rowCount, channels: g.inChannels,
                    gridHeight: row.pixels, gridWidth: column.pixels,
                    sourceImage: padded.imageCount, sourceRow: padded.rowCount, sourcePixel: g.outChannels,
                    targetImage: g.inputImage, targetRow: g.stride * g.width * g.inChannels,
                    targetPixel: g.stride * g.inChannels)
                let top = row.firstOutput + padded.top, left = column.firstOutput + padded.left
                product.multiply(
                    images: images, dy + (top * padded.rowCount + left * g.outChannels), filters: filters,
                    dx + (row.start * g.width + column.start) * g.inChannels, workspace: workspace)
                filters += Panel.padded(g.inChannels) * row.taps.count * column.taps.count * g.outChannels
            }
        }
    }
}
