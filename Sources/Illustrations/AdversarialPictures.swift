import Data
import Evaluation
import Formats
import Kernels
import Reporting

/// What an evaluation's adversarial images look like beside the images they were made of.
public struct AdversarialPictures {
    private let result: RobustnessResult
    private let test: any Dataset
    private let prediction: ([Scalar]) -> Int?

    /// Most images that are shown.
    private static let most = 10

    /// - Parameters:
    ///   - test: the data that were attacked.
    ///   - prediction: the class that the model sees in an image.
    public init(_ result: RobustnessResult, of test: any Dataset, prediction: @escaping ([Scalar]) -> Int?) {
        self.result = result
        self.test = test
        self.prediction = prediction
    }

    /// Draws into a directory and lists the pictures there; where no image was broken there are none, and the list is
    /// empty. Throws `inputOutput`.
    public func write(to directory: String) throws {
        let shape = result.shape
        guard shape.channels == 1 || shape.channels == 3, test.range == pixelRange else { return }
        let threat = result.threat
        let picture = grid().map {
            Picture(
                name: "adversarial", title: "Adversarial images",
                caption: "The first test images that were broken, what broke them within \(threat.norm.title) radius "
                    + "\(threat.epsilonText), and the difference, scaled to its largest value. Under each the "
                    + "class that the model sees.",
                image: $0)
        }
        try Picture.write([picture].compactMap { $0 }, to: directory)
    }

    private func grid() -> RasterImage? {
        let broken = (0..<result.samples).filter { result.correct[$0] && !result.survived[$0] }.prefix(Self.most)
        let size = result.shape.count
        guard !broken.isEmpty, result.adversarialImages.count == result.samples * size else { return nil }
        var tiles: [[RasterImage?]] = [[], [], []], captions: [[String?]] = [[], [], []]
        for sample in broken {
            var clean = [Scalar](repeating: 0, count: size)
            test.read(sample, into: &clean)
            let found = Array(result.adversarialImages[sample * size..<(sample + 1) * size])
            tiles[0].append(raster(clean))
            tiles[1].append(raster(found))
            tiles[2].append(
                Colours.signed(
                    zip(found, clean).map { $0 - $1 }, height: result.shape.height, width: result.shape.width,
                    channels: result.shape.channels))
            captions[0].append(name(result.labels[sample]))
            captions[1].append(prediction(found).map(name) ?? "none")
            captions[2].append(nil)
        }
        return PictureGrid(
            columnLabels: broken.map { "test \($0)" }, rowLabels: ["image", "attacked", "difference"], tiles: tiles,
            captions: captions
        ).render(scale: Picture.scale(height: result.shape.height, width: result.shape.width))
    }

    private func name(_ label: Int) -> String { Picture.label(test.classNames[label]) }

    private func raster(_ image: [Scalar]) -> RasterImage {
        Colours.image(
            image, height: result.shape.height, width: result.shape.width, channels: result.shape.channels)
    }
}
