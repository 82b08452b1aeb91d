import Autodiff
import Data
import Formats
import Kernels
import Models

/// Which class a network gives to every point of a plane, for data of two numbers, such as `toy2d`: how far the regions
/// reach around the points is what robustness is there.
struct DecisionRegions {
    private let classifier: Classifier
    private let test: any Dataset

    /// Pixels of the picture's longer side, and how much of the points' extent is added around them.
    private static let size = 560, margin = 0.2
    /// Strong for points, pale for regions; classes beyond these have them again. Okabe and Ito's.
    private static let colours: [[UInt8]] = [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167]]

    init?(_ classifier: Classifier, test: any Dataset) {
        guard test.shape.count == 2, test.count > 0 else { return nil }
        self.classifier = classifier
        self.test = test
    }

    func picture() -> Picture {
        let points = (0..<test.count).map { index -> SIMD2<Double> in
            var point = [Scalar](repeating: 0, count: 2)
            test.read(index, into: &point)
            return SIMD2(Double(point[0]), Double(point[1]))
        }
        let lower = points.reduce(points[0]) { pointwiseMin($0, $1) }
        let upper = points.reduce(points[0]) { pointwiseMax($0, $1) }
        // One scale for both axes, so that distances look as an L2 attack finds them.
        let extent = upper - lower, room = extent.max() * Self.margin
        let pixel = max((extent.max() + 2 * room) / Double(Self.size), 1e-12)
        let origin = lower - room
        let width = max(1, Int(((extent.x + 2 * room) / pixel).rounded()))
        let height = max(1, Int(((extent.y + 2 * room) / pixel).rounded()))
        var image = RasterImage(
            width: width, height: height, channels: 3, pixels: regions(width, height, origin: origin, pixel: pixel))
        for (index, point) in points.enumerated() {
            let place = (point - origin) / pixel
            Self.dot(at: Int(place.x), height - 1 - Int(place.y), Self.colour(test.label(index), pale: 0), in: &image)
        }
        return Picture(
            name: "regions", title: "Decision regions",
            caption:
                "The class that the network gives to every point of the plane, and the test points. Both axes have "
                + "one scale, so the way from a point to the nearest other region is what an L2 attack needs.",
            image: image)
    }

    private func regions(_ width: Int, _ height: Int, origin: SIMD2<Double>, pixel: Double) -> [UInt8] {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(3 * width * height)
        let shape = test.shape, pool = MemoryPool()
        for row in 0..<height {
            // The first row is the uppermost.
            let y = origin.y + (Double(height - 1 - row) + 0.5) * pixel
            let points = Tensor([width, shape.height, shape.width, shape.channels], in: pool) { out in
                for column in 0..<width {
                    out[2 * column] = Scalar(origin.x + (Double(column) + 0.5) * pixel)
                    out[2 * column + 1] = Scalar(y)
                }
            }
            for prediction in classifier.predictions(points) {
                pixels += prediction.map { Self.colour($0, pale: 0.72) } ?? [255, 255, 255]
            }
        }
        return pixels
    }

    private static func colour(_ label: Int, pale: Double) -> [UInt8] {
        colours[label % colours.count].map { UInt8((Double($0) + (255 - Double($0)) * pale).rounded()) }
    }

    /// Three by three pixels.
    private static func dot(at x: Int, _ y: Int, _ colour: [UInt8], in image: inout RasterImage) {
        for row in max(0, y - 1)...max(0, min(image.height - 1, y + 1)) where row < image.height {
            for column in max(0, x - 1)...max(0, min(image.width - 1, x + 1)) where column < image.width {
                for channel in 0..<3 { image.pixels[(row * image.width + column) * 3 + channel] = colour[channel] }
            }
        }
    }
}
