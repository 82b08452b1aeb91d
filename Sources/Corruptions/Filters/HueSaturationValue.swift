import Glibc

/// A colour as a place on the circle of hues, in [0, 1), how far it is from grey, and its largest component.
struct HueSaturationValue {
    var hue, saturation, value: Double

    /// An image of three channels, each colour changed.
    static func changed(_ image: PixelImage, _ change: (inout HueSaturationValue) -> Void) -> PixelImage {
        var values = image.unit
        for start in stride(from: 0, to: values.count, by: 3) {
            var colour = HueSaturationValue(values[start], values[start + 1], values[start + 2])
            change(&colour)
            (values[start], values[start + 1], values[start + 2]) = colour.components
        }
        return PixelImage(image.shape, unit: values)
    }

    init(_ red: Double, _ green: Double, _ blue: Double) {
        let most = max(red, green, blue), spread = most - min(red, green, blue)
        value = most
        guard spread > 0 else {
            (hue, saturation) = (0, 0)
            return
        }
        saturation = spread / most
        let sixths =
            blue == most
            ? 4 + (red - green) / spread
            : green == most ? 2 + (blue - red) / spread : (green - blue) / spread
        hue = sixths / 6 - (sixths / 6).rounded(.down)
    }

    /// Red, green and blue.
    private var components: (Double, Double, Double) {
        let sector = (hue * 6).rounded(.down), place = hue * 6 - sector
        let low = value * (1 - saturation), falling = value * (1 - place * saturation)
        let rising = value * (1 - (1 - place) * saturation)
        switch Int(sector) % 6 {
        case 0: return (value, rising, low)
        case 1: return (falling, value, low)
        case 2: return (low, value, rising)
        case 3: return (low, falling, value)
        case 4: return (rising, low, value)
        default: return (value, low, falling)
        }
    }
}
