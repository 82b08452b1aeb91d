import Kernels
import Randomness

/// The two-dimensional toy of "Do Perceptually Aligned Gradients Imply Robustness?" (Ganz, Kawar, Elad, ICML 2023).
///
/// Two classes of three modes each on the line x2 = 2 * x1, alternating: x1 is normal with deviation 1 around 10 * m,
/// where m is -5, -1, 3 for class 0 and -3, 1, 5 for class 1. 6,000 training and 600 test points, shared evenly.
/// A point is an image of shape 1x1x2. Its elements are the coordinates as they are, about -110 to 110: not in [0, 1],
/// and no normalisation is meant (mean 0, deviation 1).
///
/// The points are a pure function of their split and index, the same in every run.
struct Toy2D: Dataset {
    let name: String
    let shape = ImageShape(height: 1, width: 1, channels: 2)
    let classNames = ["0", "1"]
    let range: ClosedRange<Scalar>? = nil
    let fingerprint: String
    private let points: [SIMD2<Double>]

    var count: Int { points.count }

    /// Training and test points.
    static func splits() -> DatasetSplits {
        DatasetSplits(
            train: Toy2D(name: "toy2d train", count: 6000, split: 0),
            test: Toy2D(name: "toy2d test", count: 600, split: 1), mean: [0, 0], deviation: [1, 1])
    }

    private init(name: String, count: Int, split: UInt64) {
        points = (0..<count).map { index in
            var stream = RandomStream(seed: 0, purpose: .synthesis, split, UInt64(index))
            let x1 = Toy2D.centre(index) + stream.normal()
            return SIMD2(x1, 2 * x1)
        }
        self.name = name
        var fingerprint = Fingerprint(name: name, shape: shape, classNames: classNames, count: count)
        points.withUnsafeBytes { fingerprint.add($0) }
        self.fingerprint = fingerprint.text()
    }

    /// The six modes from left to right, one after the other; the classes alternate along the line.
    private static func centre(_ index: Int) -> Double { 10 * Double(2 * (index % 6) - 5) }

    func label(_ index: Int) -> Int { index % 2 }

    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
        image[0] = Scalar(points[index].x)
        image[1] = Scalar(points[index].y)
    }
}
