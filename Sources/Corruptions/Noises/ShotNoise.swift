import Data
import Glibc
import Randomness

/// As many photons as a value lets through on the average are counted.
struct ShotNoise: Corruption {
    let name = "shot_noise"
    /// Photons that white lets through.
    private static let photons = [500.0, 250, 100, 75, 50]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let photons = Self.photons[severity - 1]
        return PixelImage(
            image.shape, unit: image.unit.map { Double(Self.poisson($0 * photons, &random)) / photons })
    }

    /// A Poisson number of a mean up to 500, by inversion: the first whose cumulative probability exceeds a uniform number.
    private static func poisson(_ mean: Double, _ random: inout RandomStream) -> Int {
        let uniform = Double(random.next() >> 11) * 0x1p-53
        var count = 0, probability = exp(-mean), sum = probability
        // Where rounding leaves the sum below the number for good, what is left has no probability that could be told.
        while sum <= uniform, probability > 0 {
            count += 1
            probability *= mean / Double(count)
            sum += probability
        }
        return count
    }
}
