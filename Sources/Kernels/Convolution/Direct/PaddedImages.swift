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
}

extension PaddedImages {
    /// A convolution's inputs, as its windows read them.
    init(inputsOf g: ConvolutionGeometry) {
        self.init(
            height: g.height, width: g.width, channels: g.inChannels, top: g.padding, bottom: g.padding,
            left: g.padding, right: g.padding)
    }
}
