import Data
import Kernels
import Testing

/// Images of which every file is well, and that say nothing.
struct OdditiesTests {
    private struct Made: Dataset {
        let name = "made", shape = ImageShape(height: 1, width: 2, channels: 1), classNames = ["a", "b"]
        let range: ClosedRange<Scalar>? = pixelRange
        let fingerprint = "none"
        var images: [[Scalar]]
        var labels: [Int]
        var count: Int { images.count }
        func label(_ index: Int) -> Int { labels[index] }
        func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
            image.update(from: images[index], count: 2)
        }
    }

    @Test func onlyWhatIsOddIsNamed() {
        var made = Made(images: [[0, 0], [0, 0], [0, 0], [1, 0]], labels: [1, 1, 1, 0])
        #expect(made.oddities(ofFirst: 4) == [])
        #expect(made.oddities(ofFirst: 3) == ["all 3 images are zero", "all 3 images are of class 1 (b)"])
        #expect(made.oddities(ofFirst: 1) == [])
        made.images = Array(repeating: [0.5, 1], count: 4)
        #expect(made.oddities(ofFirst: 100) == ["all 4 images are the same"])
        #expect(made.isConstant(first: 4) && !made.isConstant(first: 0))
        #expect(Digits.splits().test.oddities(ofFirst: 300) == [])
    }
}
