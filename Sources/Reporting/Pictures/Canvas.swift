import Formats

/// An RGB image to draw on, white at first. Whatever falls outside of it is cut off.
struct Canvas {
    private(set) var image: RasterImage

    init(width: Int, height: Int) {
        let pixels = [UInt8](repeating: 255, count: width * height * 3)
        image = RasterImage(width: width, height: height, channels: 3, pixels: pixels)
    }

    mutating func fill(left: Int, top: Int, width: Int, height: Int, _ colour: [UInt8]) {
        let columns = max(0, left)..<max(0, left, min(image.width, left + width))
        for row in max(0, top)..<max(0, top, min(image.height, top + height)) {
            for column in columns {
                for channel in 0..<3 { image.pixels[(row * image.width + column) * 3 + channel] = colour[channel] }
            }
        }
    }

    mutating func frame(left: Int, top: Int, width: Int, height: Int, _ colour: [UInt8]) {
        for edge in [top - 1, top + height] { fill(left: left - 1, top: edge, width: width + 2, height: 1, colour) }
        for edge in [left - 1, left + width] { fill(left: edge, top: top - 1, width: 1, height: height + 2, colour) }
    }

    /// Each pixel of `tile` as a square, without smoothing: the pixels are what there is to see.
    mutating func draw(_ tile: RasterImage, left: Int, top: Int, scale: Int) {
        for row in 0..<tile.height {
            for column in 0..<tile.width {
                let first = (row * tile.width + column) * tile.channels
                let colour = (0..<3).map { tile.pixels[first + (tile.channels == 3 ? $0 : 0)] }
                fill(left: left + column * scale, top: top + row * scale, width: scale, height: scale, colour)
            }
        }
    }

    mutating func write(_ text: String, left: Int, top: Int, scale: Int, _ colour: [UInt8]) {
        var left = left
        for character in text.unicodeScalars {
            let top = top + BitmapFont.drop(of: character) * scale
            for (row, bits) in BitmapFont.rows(of: character).enumerated() {
                for column in 0..<BitmapFont.width where bits >> UInt8(BitmapFont.width - 1 - column) & 1 == 1 {
                    fill(left: left + column * scale, top: top + row * scale, width: scale, height: scale, colour)
                }
            }
            left += (BitmapFont.width + 1) * scale
        }
    }

    mutating func write(_ text: String, centre: Int, top: Int, scale: Int, _ colour: [UInt8]) {
        write(text, left: centre - Self.width(of: text, scale: scale) / 2, top: top, scale: scale, colour)
    }

    /// In pixels.
    static func width(of text: String, scale: Int) -> Int {
        let count = text.unicodeScalars.count
        return count == 0 ? 0 : (count * (BitmapFont.width + 1) - 1) * scale
    }
}
