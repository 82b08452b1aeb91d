/// The embedded handwritten digits: 1,797 images of 8x8 grey values in [0, 1], ten classes.
///
/// "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0.
/// Every fifth image, those with index % 5 == 4 in the original order, is a test image: 359, and 1,438 to train on.
public enum Digits {
    static let imageCount = 1797
    private static let pixelCount = 64
    /// Label, pixels and the line's end.
    private static let lineLength = 66

    /// Training and test images.
    public static func splits() -> DatasetSplits {
        // Mean and deviation: of the 1,438 training images.
        DatasetSplits(
            train: split("digits train") { $0 % 5 != 4 }, test: split("digits test") { $0 % 5 == 4 },
            mean: [0.30581], deviation: [0.37644])
    }

    private static func split(_ name: String, where belongs: (Int) -> Bool) -> ByteImages {
        var labels = [UInt16]()
        var pixels = [UInt8]()
        DigitsData.text.withUTF8Buffer { text in
            precondition(text.count == imageCount * lineLength - 1, "Digits: \(text.count) characters")
            for index in 0..<imageCount where belongs(index) {
                let line = index * lineLength
                labels.append(UInt16(text[line] - UInt8(ascii: "0")))
                for i in 1...pixelCount { pixels.append(text[line + i] - UInt8(ascii: "a")) }
            }
        }
        let segment = ByteImages.Segment(bytes: .memory(pixels), offset: 0, stride: pixelCount, count: labels.count)
        return ByteImages(
            name: name, shape: ImageShape(height: 8, width: 8, channels: 1), classNames: (0...9).map(String.init),
            labels: labels, segments: [segment], layout: .channelsLast, white: 16)
    }
}
