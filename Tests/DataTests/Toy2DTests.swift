import Data
import Kernels
import Testing

@Suite struct Toy2DTests {
    @Test func pointsLieInTheModesOfTheText() throws {
        let splits = try DatasetRegistry.open("toy2d")
        #expect(splits.train.shape == ImageShape(height: 1, width: 1, channels: 2))
        #expect(splits.range == nil && splits.test.range == nil, "points of the plane are no pixels")
        for (dataset, perMode) in [(splits.train, 1000), (splits.test, 100)] {
            #expect(dataset.count == 6 * perMode)
            var values = [[Double]](repeating: [], count: 6)
            for index in 0..<dataset.count {
                let point = dataset.image(index)
                #expect(point[1] == 2 * point[0])
                let mode = Int(((Double(point[0]) / 10 + 5) / 2).rounded())
                try #require(values.indices.contains(mode))
                #expect(dataset.label(index) == mode % 2)
                values[mode].append(Double(point[0]) - 10 * Double(2 * mode - 5))
            }
            for mode in values {
                #expect(mode.count == perMode)
                let mean = mode.reduce(0, +) / Double(perMode)
                let variance = mode.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(perMode)
                // Five standard errors of the mean, and of the variance.
                #expect(abs(mean) < 5 / Double(perMode).squareRoot())
                #expect(abs(variance - 1) < 5 * (2 / Double(perMode)).squareRoot())
            }
        }
    }

    @Test func pointsAreThoseOfEveryRun() throws {
        let one = try DatasetRegistry.open("toy2d"), two = try DatasetRegistry.open("toy2d")
        #expect(one.train.fingerprint == two.train.fingerprint)
        #expect(one.test.image(17) == two.test.image(17))
        #expect(one.train.image(17) != one.test.image(17))
    }
}
