/// Channels-last images with a margin of zeros, so that a window of pixels needs no test for the image's edge.
struct PaddedImages {
    let height, width, channels: Int
    let top, bottom, left, right: Int

    var paddedHeight: Int { top + height + bottom }
    var paddedWidth: Int { left + width + right }
    var rowCount: Int { paddedWidth * channels }
    var imageCount: Int { paddedHeight * rowCount }
    var isPadded: Bool { top + bottom + left + right > 0 }

    /// Copies `images` images into their padded form.
    func copy(_ images: Int, _ source: Source, _ target: Destination) {
        let line = width * channels
        for n in 0..<images {
            let image = source + n * height * line
            var row = target + n * imageCount
            row.update(repeating: 0, count: top * rowCount)
            row += top * rowCount
            for y in 0..<height {
                row.update(repeating: 0, count: left * channels)
                (row + left * channels).update(from: image + y * line, count: line)
                (row + (left + width) * channels).update(repeating: 0, count: right * channels)
                row += rowCount
            }
            row.update(repeating: 0, count: bottom * rowCount)
        }
    }

    /// Numbers that `images` images take in panels.
    func panelCount(images: Int) -> Int { Panel.padded(channels) * images * paddedHeight * paddedWidth }

    /// Copies `images` images into panels [channels/16][images][paddedHeight][paddedWidth][16]. Rows, pixels and images
    /// of the source may lie further apart than in whole images, which leaves some of them out.
    func copyToPanels(
        _ images: Int, _ source: Source, _ target: Destination, imageStride: Int, rowStride: Int, pixelStride: Int
    ) {
        let pixels = images &* paddedHeight &* paddedWidth
        for panel in 0..<Panel.count(channels) {
            let first = panel &* 16, lanes = min(16, channels &- first)
            var pixel = target + panel &* pixels &* 16
            func zero(_ count: Int) {
                pixel.update(repeating: 0, count: count &* 16)
                pixel += count &* 16
            }
            for n in 0..<images {
                zero(top &* paddedWidth)
                for y in 0..<height {
                    zero(left)
                    var from = source + (n &* imageStride &+ y &* rowStride &+ first)
                    for _ in 0..<width {
                        if lanes == 16 {
                            store(load(from), pixel)
                            store(load(from + 8), pixel + 8)
                        } else {
                            for lane in 0..<lanes { pixel[lane] = from[lane] }
                            for lane in lanes..<16 { pixel[lane] = 0 }
                        }
                        pixel += 16
                        from += pixelStride
                    }
                    zero(right)
                }
                zero(bottom &* paddedWidth)
            }
        }
    }
}
