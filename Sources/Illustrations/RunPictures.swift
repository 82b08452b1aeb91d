import Autodiff
import Data
import Evaluation
import Failures
import Formats
import Kernels
import Models
import Perturbations
import Reporting
import Targets

/// The pictures of a run: what the network's input gradients look like, and what images become when they are moved far
/// along them; of data of two numbers, the decision regions.
public struct RunPictures {
    private let classifier: Classifier
    private let test: any Dataset
    private let targets: (any UnseenTargets)?
    private let progress: () -> Void

    /// - Parameters:
    ///   - targets: adds the target gradients and their cosines to the gradients.
    ///   - progress: called now and then.
    public init(
        _ classifier: Classifier, test: any Dataset, targets: (any UnseenTargets)?, progress: @escaping () -> Void
    ) {
        self.classifier = classifier
        self.test = test
        self.targets = targets
        self.progress = progress
    }

    /// Draws into `directory`/pictures and lists the pictures there. Throws `inputOutput`.
    /// - Returns: the pictures by name, for other records.
    @discardableResult
    public func write(to directory: String) throws -> [(name: String, image: RasterImage)] {
        let pictures: [Picture]
        if let regions = DecisionRegions(classifier, test: test) {
            pictures = [regions.picture()]
        } else {
            guard test.shape.channels == 1 || test.shape.channels == 3, test.range == pixelRange else { return [] }
            let shown = firstOfEachClass(atMost: 5)
            pictures = [gradients(of: Array(shown.prefix(3))), perturbations(of: shown)]
        }
        try Picture.write(pictures, to: directory + "/pictures")
        return pictures.map { ($0.name, $0.image) }
    }

    private var classLabels: [String] { test.classNames.map(Picture.label) }

    /// The first test image of each of the first classes.
    private func firstOfEachClass(atMost most: Int) -> [Int] {
        (0..<min(most, test.classNames.count)).compactMap { label in
            (0..<test.count).first { test.label($0) == label }
        }
    }

    private var scale: Int { Picture.scale(height: test.shape.height, width: test.shape.width) }

    private func gradients(of indices: [Int]) -> Picture {
        let found = GradientPictures(classifier, of: test, indices: indices, function: .logprob)
        progress()
        var tiles: [[RasterImage?]] = []
        var captions: [[String?]] = []
        var rows: [String] = []
        let shape = test.shape
        let size = shape.count
        for (place, index) in indices.enumerated() {
            let image = Array(found.images[(place * size)..<((place + 1) * size)])
            let perClass = (0..<found.classes).map { target in
                Array(found.gradients[((target * indices.count + place) * size)...].prefix(size))
            }
            let wanted = perClass.indices.map { targetGradient(image, toward: $0) }
            let cosines = zip(perClass, wanted).map { gradient, target in target.map { cosine(gradient, $0) } }
            tiles.append([raster(image)] + perClass.map(signed))
            captions.append([nil] + cosines.map { $0.map { "cos \(decimals($0))" } })
            rows.append("gradient \(index)")
            if wanted.contains(where: { $0 != nil }) {
                tiles.append([nil] + wanted.map { $0.map(signed) })
                captions.append(Array(repeating: nil, count: found.classes + 1))
                rows.append("target")
            }
        }
        return Picture(
            name: "gradients", title: "Input gradients and their targets",
            caption:
                "Test images, the gradient of each class's log-probability with respect to the image, and the target "
                + "gradient that training would align it with; cos is the cosine between the two.",
            image: PictureGrid(columnLabels: ["image"] + classLabels, rowLabels: rows, tiles: tiles, captions: captions)
                .render(scale: scale))
    }

    private func perturbations(of indices: [Int]) -> Picture {
        let radius = (0.25 * Double(test.shape.count).squareRoot() * 100).rounded() / 100
        let found = TargetedPerturbations(
            classifier, of: test, indices: indices, .init(threat: ThreatModel(norm: .l2, epsilon: radius), steps: 50),
            onStep: progress)
        let size = test.shape.count
        var tiles: [[RasterImage?]] = []
        var captions: [[String?]] = []
        for place in indices.indices {
            let image = Array(found.images[(place * size)..<((place + 1) * size)])
            let moved = (0..<found.classes).map { target in
                Array(found.perturbed[((target * indices.count + place) * size)...].prefix(size))
            }
            tiles.append([raster(image)] + moved.map(raster))
            captions.append(
                [nil]
                    + (0..<found.classes).map {
                        "p \(decimals(Double(found.targetProbabilities[$0 * indices.count + place])))"
                    })
        }
        return Picture(
            name: "perturbations", title: "Moved toward every class",
            caption:
                "Test images moved toward each class within an L2 ball of radius \(radius), far more than an attack "
                + "needs. A network with aligned gradients paints the class; p is the probability it then gives it.",
            image: PictureGrid(
                columnLabels: ["image"] + classLabels, rowLabels: indices.map { "test \($0)" }, tiles: tiles,
                captions: captions
            ).render(scale: scale))
    }

    private func targetGradient(_ image: [Scalar], toward target: Int) -> [Scalar]? {
        guard let targets else { return nil }
        var gradient = [Scalar](repeating: 0, count: image.count)
        targets.write(pixels: image, target: target, into: &gradient)
        return gradient
    }

    private func cosine(_ a: [Scalar], _ b: [Scalar]) -> Double {
        func dot(_ x: [Scalar], _ y: [Scalar]) -> Double { zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        let norms = (dot(a, a) * dot(b, b)).squareRoot()
        return norms > 0 ? dot(a, b) / norms : 0
    }

    private func raster(_ image: [Scalar]) -> RasterImage {
        Colours.image(image, height: test.shape.height, width: test.shape.width, channels: test.shape.channels)
    }
    private func signed(_ gradient: [Scalar]) -> RasterImage {
        Colours.signed(gradient, height: test.shape.height, width: test.shape.width, channels: test.shape.channels)
    }
    private func decimals(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        let hundredths = Int((abs(value) * 100).rounded())
        return (value < 0 ? "-" : "") + "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
    }
}
