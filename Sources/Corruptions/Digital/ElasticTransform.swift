import Data
import Glibc
import Randomness

/// Sheared a little, and its pixels moved along a smooth random field.
struct ElasticTransform: Corruption {
    let name = "elastic_transform"
    /// The field's strength, its smoothness and how far the corners of the shear move, as shares of the image's side.
    private static let strengths = [
        (0.0, 0.0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03),
    ]

    // The triangle that is sheared takes a third of the side.
    func suits(_ shape: ImageShape) -> Bool { min(shape.height, shape.width) >= 3 }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let shape = image.shape, side = Double(min(shape.height, shape.width))
        let (strength, smoothness, reach) = Self.strengths[severity - 1]
        let shear = Shear(shape, reach: reach * side, &random)
        let sheared = Self.moved(image.unit, shape, .mirroredAtCentre) { y, x in shear.source(y, x) }
        let filter = GaussianFilter(deviation: smoothness * side, truncation: 3, border: .mirrored)
        let plane = ImageShape(height: shape.height, width: shape.width, channels: 1)
        func field() -> [Double] {
            let noise = (0..<plane.count).map { _ in 2 * random.uniform() - 1 }
            return filter(noise, plane).map { $0 * strength * side }
        }
        let across = field(), down = field()
        let moved = Self.moved(sheared, shape, .mirrored) { y, x in
            let place = y * shape.width + x
            return (Double(y) + down[place], Double(x) + across[place])
        }
        return PixelImage(shape, unit: moved)
    }

    /// Each pixel from where `source` says, between the four that are next.
    private static func moved(
        _ values: [Double], _ shape: ImageShape, _ border: Border, from source: (Int, Int) -> (y: Double, x: Double)
    ) -> [Double] {
        var result = values
        for y in 0..<shape.height {
            for x in 0..<shape.width {
                let place = source(y, x), top = floor(place.y), left = floor(place.x)
                let (lower, right) = (place.y - top, place.x - left)
                let rows = [0, 1].map { border.inside(Int(top) + $0, shape.height) }
                let columns = [0, 1].map { border.inside(Int(left) + $0, shape.width) }
                for c in 0..<shape.channels {
                    func value(_ row: Int, _ column: Int) -> Double {
                        values[(rows[row] * shape.width + columns[column]) * shape.channels + c]
                    }
                    result[(y * shape.width + x) * shape.channels + c] =
                        (value(0, 0) * (1 - right) + value(0, 1) * right) * (1 - lower)
                        + (value(1, 0) * (1 - right) + value(1, 1) * right) * lower
                }
            }
        }
        return result
    }

    /// The affine map that moves three points around the centre by random amounts.
    private struct Shear {
        /// Of the inverse: where a pixel comes from, by its place from the first point.
        private let matrix: (yy: Double, yx: Double, xy: Double, xx: Double)
        private let from: (y: Double, x: Double), to: (y: Double, x: Double)

        init(_ shape: ImageShape, reach: Double, _ random: inout RandomStream) {
            let size = Double(min(shape.height, shape.width) / 3)
            let centre = (y: Double(shape.height / 2), x: Double(shape.width / 2))
            let points = [
                (y: centre.y + size, x: centre.x + size), (y: centre.y - size, x: centre.x + size),
                (y: centre.y - size, x: centre.x - size),
            ]
            let moved = points.map { point in
                let x = point.x + reach * (2 * random.uniform() - 1)
                return (y: point.y + reach * (2 * random.uniform() - 1), x: x)
            }
            // The sides of the triangle from its second point, along y and along x, before and after.
            let before = (y: points[0].y - points[1].y, x: points[1].x - points[2].x)
            let down = (y: moved[0].y - moved[1].y, x: moved[0].x - moved[1].x)
            let across = (y: moved[1].y - moved[2].y, x: moved[1].x - moved[2].x)
            let determinant = down.y * across.x - down.x * across.y
            matrix = (
                yy: before.y * across.x / determinant, yx: -before.y * across.y / determinant,
                xy: -before.x * down.x / determinant, xx: before.x * down.y / determinant
            )
            (from, to) = (moved[1], points[1])
        }

        func source(_ y: Int, _ x: Int) -> (y: Double, x: Double) {
            let (dy, dx) = (Double(y) - from.y, Double(x) - from.x)
            return (to.y + matrix.yy * dy + matrix.yx * dx, to.x + matrix.xy * dy + matrix.xx * dx)
        }
    }
}
