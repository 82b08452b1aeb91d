import Data
import Formats
import Kernels
import Testing

@Suite struct DigitsTests {
    @Test func splitsHaveTheirSizes() throws {
        let splits = try DatasetRegistry.open("digits")
        #expect(splits.train.count == 1438)
        #expect(splits.test.count == 359)
        #expect(splits.train.shape == ImageShape(height: 8, width: 8, channels: 1))
        #expect(splits.train.classNames.count == 10)
        #expect(splits.train.fingerprint != splits.test.fingerprint)
    }

    /// The digest is that of scikit-learn's digits.csv.gz, a byte a number: 64 values and the label, row after row.
    @Test func contentIsThatOfTheOriginal() {
        let splits = Digits.splits()
        var bytes = [UInt8]()
        for index in 0..<1797 {
            let isTest = index % 5 == 4
            let dataset = isTest ? splits.test : splits.train
            let place = isTest ? index / 5 : index - (index + 1) / 5
            bytes += dataset.image(place).map { UInt8($0 * 16) }
            bytes.append(UInt8(dataset.label(place)))
        }
        #expect(
            SHA256.hexDigest(of: bytes) == "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2")
    }

    @Test func statisticsAreThoseOfTheTrainingImages() {
        let splits = Digits.splits()
        let (mean, deviation) = statistics(splits.train)
        #expect(abs(mean[0] - splits.mean[0]) < 1e-5)
        #expect(abs(deviation[0] - splits.deviation[0]) < 1e-5)
    }
}

/// Mean and standard deviation of each channel over all images.
func statistics(_ dataset: any Dataset) -> (mean: [Double], deviation: [Double]) {
    let channels = dataset.shape.channels
    var sums = [Double](repeating: 0, count: channels)
    var squares = sums
    for index in 0..<dataset.count {
        for (place, value) in dataset.image(index).enumerated() {
            sums[place % channels] += Double(value)
            squares[place % channels] += Double(value) * Double(value)
        }
    }
    let count = Double(dataset.count * dataset.shape.count / channels)
    let mean = sums.map { $0 / count }
    return (mean, zip(squares, mean).map { ($0 / count - $1 * $1).squareRoot() })
}
