import Corruptions
import Data
import Failures
import TestSupport
import Testing

@Suite struct BuiltInTests {
    private static let random: Set = [
        "gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "glass_blur", "motion_blur", "snow", "fog",
        "elastic_transform",
    ]

    /// A slope, brighter from channel to channel, which no corruption leaves as it is.
    private func slope(_ shape: ImageShape) -> [UInt8] {
        (0..<shape.count).map { i in
            let pixel = i / shape.channels
            return UInt8(40 + (pixel / shape.width * 90 + pixel % shape.width * 37 + i % shape.channels * 50) % 180)
        }
    }

    @Test func namesAreTheBenchmarks() {
        let names = builtInCorruptions.map(\.name), all = names + ["zz", "frost", "aa", "spatter"]
        #expect(names == CorruptionBenchmark.sorted(names.reversed()))
        #expect(Set(names).count == 17)
        let sorted = CorruptionBenchmark.sorted(all.reversed())
        #expect(sorted.suffix(3) == ["saturate", "aa", "zz"] && sorted.count == all.count)
        #expect(sorted[7...9] == ["snow", "frost", "fog"])
    }

    @Test(arguments: [
        ImageShape(height: 32, width: 32, channels: 3), ImageShape(height: 8, width: 8, channels: 1),
        ImageShape(height: 5, width: 19, channels: 3), ImageShape(height: 1, width: 1, channels: 1),
        ImageShape(height: 3, width: 4, channels: 2), ImageShape(height: 40, width: 3, channels: 4),
    ])
    func imagesOfAnyShape(shape: ImageShape) throws {
        let image = slope(shape), images = SomeImages(shape, [image, image])
        let corrupted = try BuiltInCorruptions(of: images, seed: 1)
        let again = try BuiltInCorruptions(of: images, seed: 1), other = try BuiltInCorruptions(of: images, seed: 2)
        #expect(corrupted.corruptions.count + corrupted.unsuited.count == 17)
        for name in corrupted.corruptions {
            var distances: [Double] = [], equal = (seeds: 0, images: 0)
            for severity in CorruptionBenchmark.severities {
                let found = try bytes(corrupted, name, severity, 0)
                #expect(found.count == shape.count)
                #expect(try bytes(again, name, severity, 0) == found)
                distances.append(zip(found, image).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) })
                equal.seeds += try bytes(other, name, severity, 0) == found ? 1 : 0
                equal.images += try bytes(corrupted, name, severity, 1) == found ? 1 : 0
            }
            // Small images have not many ways to be corrupted, and two directions may be the same on the grid.
            guard shape.count > 500 else { continue }
            #expect(distances.allSatisfy { $0 > 0 }, "\(name): \(distances)")
            let isRandom = Self.random.contains(name)
            #expect(isRandom ? equal.seeds <= 1 && equal.images <= 1 : equal == (5, 5), "\(name): \(equal)")
        }
    }

    @Test func colourlessImagesHaveNoSaturation() throws {
        let shape = ImageShape(height: 6, width: 6, channels: 1), images = SomeImages(shape, [slope(shape)])
        #expect(try BuiltInCorruptions(of: images, seed: 1).unsuited == ["saturate"])
        // Grey is as bright as its value: 0.3 of white is 76.5.
        let image = try bytes(BuiltInCorruptions(of: images, seed: 1), "brightness", 5, 0)
        #expect(zip(image, slope(shape)).allSatisfy { Int($0) == Int(min(255, Double($1) + 76.5)) })
    }

    @Test func samplesAndFingerprints() throws {
        let shape = ImageShape(height: 6, width: 6, channels: 1)
        let images = SomeImages(shape, [slope(shape), slope(shape), slope(shape)])
        let all = try BuiltInCorruptions(of: images, seed: 1)
        let two = try BuiltInCorruptions(of: images, samples: 2, seed: 1)
        #expect(all.count == 3 && two.count == 2)
        #expect(try BuiltInCorruptions(of: images, samples: 9, seed: 1).count == 3)
        let fingerprints = try [
            all.images(of: "fog", severity: 1), all.images(of: "fog", severity: 2), two.images(of: "fog", severity: 1),
            all.images(of: "contrast", severity: 1),
            BuiltInCorruptions(of: images, seed: 2).images(of: "fog", severity: 1),
        ].map(\.fingerprint)
        #expect(Set(fingerprints).count == 5)
        #expect(try all.images(of: "fog", severity: 1).label(1) == 1)
    }

    @Test func noPictures() {
        let shape = ImageShape(height: 1, width: 1, channels: 2)
        let points = SomeImages(shape, [[0, 1]], range: nil)
        #expect(failure { _ = try BuiltInCorruptions(of: points, seed: 1) }?.kind == .badInput)
    }

    /// Means and deviations of the changes, by the distributions: those of impulse noise hit a share p of the values, half of
    /// them become white; photons of shot noise have the mean's variance.
    @Test func noiseHasItsMoments() throws {
        let shape = ImageShape(height: 100, width: 100, channels: 1)
        let images = SomeImages(shape, [Array(repeating: 102, count: shape.count)])
        let corrupted = try BuiltInCorruptions(of: images, seed: 5)
        func changes(_ name: String, _ severity: Int) throws -> (mean: Double, deviation: Double) {
            let found = try bytes(corrupted, name, severity, 0).map { (Double($0) - 102) / 255 }
            let mean = found.reduce(0, +) / Double(found.count)
            return (mean, (found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(found.count)).squareRoot())
        }
        let gaussian = try changes("gaussian_noise", 2), speckle = try changes("speckle_noise", 5)
        let shot = try changes("shot_noise", 3), impulse = try changes("impulse_noise", 5)
        // Fractions of a byte are cut off: half a byte on the average.
        let cut = -0.5 / 255
        #expect(abs(gaussian.deviation - 0.06) < 0.002 && abs(gaussian.mean - cut) < 0.002)
        #expect(abs(speckle.deviation - 0.4 * 0.2) < 0.002 && abs(speckle.mean - cut) < 0.003)
        #expect(abs(shot.deviation - 0.4.squareRoot() / 10) < 0.002 && abs(shot.mean - cut) < 0.003)
        let hit = 0.07 * (0.5 * 0.6 * 0.6 + 0.5 * 0.4 * 0.4), mean = 0.07 * (0.5 * 0.6 - 0.5 * 0.4)
        #expect(abs(impulse.mean - mean) < 0.006)
        #expect(abs(impulse.deviation - (hit - mean * mean).squareRoot()) < 0.006)
    }
}
