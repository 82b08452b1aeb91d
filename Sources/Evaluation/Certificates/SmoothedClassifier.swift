import Autodiff
import Kernels
import Models
import Randomness

/// The classifier that says the class which another one sees most often in an image with normal noise (Cohen, Rosenfeld,
/// Kolter 2019). The noise of a draw belongs to its purpose, the image's number and the draw.
public struct SmoothedClassifier {
    /// What is smoothed.
    public let classifier: Classifier
    /// Deviation of the noise on every value, in units of images in [0, 1].
    public let sigma: Double
    /// Of the noise.
    public let seed: UInt64
    /// Noisy images that go through the network at once.
    let batch: Int
    private let pool = MemoryPool()

    public init(_ classifier: Classifier, sigma: Double, seed: UInt64, batch: Int = 128) {
        precondition(sigma > 0 && batch > 0, "SmoothedClassifier: sigma \(sigma), batch \(batch)")
        self.classifier = classifier
        self.sigma = sigma
        self.seed = seed
        self.batch = batch
    }

    /// How often each class is seen. Draws whose logits are not finite are missing.
    /// - Parameters:
    ///   - image: [H, W, C]
    ///   - number: what its noise is keyed by.
    public func counts(
        _ image: [Scalar], number: Int, draws: Range<Int>, _ purpose: RandomPurpose, passDone: () -> Void = {}
    ) -> [Int] {
        var counts = [Int](repeating: 0, count: classifier.classes)
        for start in stride(from: draws.lowerBound, to: draws.upperBound, by: batch) {
            let part = start..<min(start + batch, draws.upperBound)
            for case let prediction? in classifier.predictions(noisy(image, number: number, draws: part, purpose)) {
                counts[prediction] += 1
            }
            passDone()
        }
        return counts
    }

    /// An image with the noise of several draws, [draws, H, W, C], which is not brought back into the range of pixels.
    func noisy(_ image: [Scalar], number: Int, draws: Range<Int>, _ purpose: RandomPurpose) -> Tensor {
        Tensor([draws.count] + classifier.model.input, in: pool) { out in
            for (row, draw) in draws.enumerated() {
                var stream = RandomStream(seed: seed, purpose: purpose, UInt64(number), UInt64(draw))
                for i in image.indices {
                    out[row * image.count + i] = Scalar(Double(image[i]) + sigma * stream.normal())
                }
            }
        }
    }
}
