import Formats

/// Arrays of numbers as images. All arrays are HWC: rows from the top, pixels from the left, channels together.
public enum Colours {
    /// An image whose values lie in [0, 1]; others are brought to the nearest of these, NaN to 0. One channel or three.
    public static func image(_ values: [Double], height: Int, width: Int, channels: Int) -> RasterImage {
        check(count: values.count, height: height, width: width, channels: channels)
        return RasterImage(width: width, height: height, channels: channels, pixels: values.map(byte))
    }

    /// As for Double.
    public static func image(_ values: [Float], height: Int, width: Int, channels: Int) -> RasterImage {
        image(values.map(Double.init), height: height, width: width, channels: channels)
    }

    /// Values of either sign, such as a gradient by the image, always in RGB.
    ///
    /// One channel: white for 0, towards red for positive values and blue for negative ones. Three channels:
    /// 0.5 + g / (2 m) in each. Here m, at which the colours are full, is `magnitude`, or without one the largest
    /// magnitude in this image. NaN counts as 0.
    public static func signed(
        _ values: [Double], height: Int, width: Int, channels: Int, magnitude: Double? = nil
    ) -> RasterImage {
        check(count: values.count, height: height, width: width, channels: channels)
        let largest = magnitude ?? values.reduce(0) { $1.isFinite ? max($0, $1.magnitude) : $0 }
        let relative = values.map { value -> Double in
            // A gradient of zeros has no sign anywhere.
            guard largest > 0, !value.isNaN else { return 0 }
            return value.isInfinite ? (value > 0 ? 1 : -1) : min(1, max(-1, value / largest))
        }
        let pixels = channels == 3 ? relative.map { byte(0.5 + $0 / 2) } : relative.flatMap(diverging)
        return RasterImage(width: width, height: height, channels: 3, pixels: pixels)
    }

    /// As for Double.
    public static func signed(
        _ values: [Float], height: Int, width: Int, channels: Int, magnitude: Double? = nil
    ) -> RasterImage {
        signed(values.map(Double.init), height: height, width: width, channels: channels, magnitude: magnitude)
    }

    private static func check(count: Int, height: Int, width: Int, channels: Int) {
        precondition(
            (channels == 1 || channels == 3) && height > 0 && width > 0 && count == height * width * channels,
            "Colours: \(count) values for \(height) x \(width) x \(channels)")
    }

    private static func byte(_ value: Double) -> UInt8 {
        value > 0 ? UInt8((min(1, value) * 255).rounded()) : 0
    }

    /// From white half-way to the strong colour, then on to its dark shade: lightness falls evenly with magnitude,
    /// and blue against red is told apart under every common colour blindness.
    private static func diverging(_ value: Double) -> [UInt8] {
        let strong: SIMD3<Double> = value < 0 ? [0.26, 0.55, 0.83] : [0.89, 0.42, 0.33]
        let dark: SIMD3<Double> = value < 0 ? [0.02, 0.19, 0.42] : [0.45, 0.02, 0.10]
        let position = value.magnitude * 2
        let white = SIMD3<Double>(repeating: 1)
        let colour =
            position < 1 ? white + (strong - white) * position : strong + (dark - strong) * (position - 1)
        return [byte(colour.x), byte(colour.y), byte(colour.z)]
    }
}
