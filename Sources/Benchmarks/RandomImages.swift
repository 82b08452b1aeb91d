import Data
import Kernels
import Randomness

/// Images of random numbers, with the labels that somebody gives them.
struct RandomImages: Dataset {
    let name = "random"
    let shape: ImageShape
    let classNames: [String]
    let range: ClosedRange<Scalar>? = pixelRange
    let fingerprint = "random"
    var labels: [Int]

    init(count: Int, side: Int, channels: Int, classes: Int) {
        shape = ImageShape(height: side, width: side, channels: channels)
        classNames = (0..<classes).map { "\($0)" }
        labels = Array(repeating: 0, count: count)
    }

    var count: Int { labels.count }
    func label(_ index: Int) -> Int { labels[index] }

    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
        var stream = RandomStream(seed: 0, purpose: .test, UInt64(index))
        for i in 0..<shape.count { image[i] = Scalar(stream.uniform()) }
    }
}
