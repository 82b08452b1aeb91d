import Evaluation
import Formats
import Kernels
import Reporting

/// Explanations as the pictures of a report: each image beside what its class depends on, and moved toward every class.
public struct ExplanationPictures {
    private let explanations: Explanations
    private let classNames: [String]

    /// Most images that are shown.
    private static let most = 8

    public init(_ explanations: Explanations, classNames: [String]) {
        self.explanations = explanations
        self.classNames = classNames
    }

    /// Draws into `directory`/pictures and lists the pictures there; none for images that are no pictures. Throws
    /// `inputOutput`.
    public func write(to directory: String) throws {
        let channels = explanations.shape.channels
        guard channels == 1 || channels == 3, !explanations.labels.isEmpty else { return }
        try Picture.write([attributions()] + (moved().map { [$0] } ?? []), to: directory + "/pictures")
    }

    private var shown: Range<Int> { 0..<min(Self.most, explanations.labels.count) }
    private var scale: Int { Picture.scale(height: explanations.shape.height, width: explanations.shape.width) }

    private func attributions() -> Picture {
        let methods = explanations.settings.methods
        let function = explanations.settings.function == .logit ? "logit" : "log-probability"
        return Picture(
            name: "explanations", title: "What decisions depend on",
            caption: "Test images, and what the \(function) of the class below depends on: "
                + methods.map { "\($0.name), \($0.summary)" }.joined(separator: "; ")
                + ". Each is scaled to its largest value.",
            image: PictureGrid(
                columnLabels: ["image"] + methods.map { Picture.label($0.name) }, rowLabels: shown.map { "test \($0)" },
                tiles: shown.map { place in
                    [raster(explanations.images, place)]
                        + explanations.attributions.map { signed($0, place) }
                },
                captions: shown.map { place in
                    [name(explanations.labels[place])] + methods.map { _ in name(explanations.targets[place]) }
                }
            ).render(scale: scale))
    }

    private func moved() -> Picture? {
        guard let settings = explanations.settings.perturbations else { return nil }
        let classes = min(10, explanations.classes), threat = settings.threat
        return Picture(
            name: "perturbations", title: "Moved toward every class",
            caption: "Test images moved toward each class within an \(threat.norm.title) ball of "
                + "radius \(threat.epsilonText), far more than an attack needs. A network with perceptually aligned "
                + "gradients paints the class.",
            image: PictureGrid(
                columnLabels: ["image"] + classNames.prefix(classes).map(Picture.label),
                rowLabels: shown.map { "test \($0)" },
                tiles: shown.map { place in
                    [raster(explanations.images, place)]
                        + (0..<classes).map { raster(explanations.perturbed, place * explanations.classes + $0) }
                },
                captions: shown.map { place in
                    [name(explanations.labels[place])]
                        + (0..<classes).map {
                            let share = explanations.probabilities[place * explanations.classes + $0]
                            return share.isFinite ? "\(Int((100 * share).rounded())) %" : "none"
                        }
                }
            ).render(scale: scale))
    }

    private func name(_ label: Int) -> String { Picture.label(classNames[label]) }

    private func image(_ numbers: [Scalar], _ place: Int) -> [Scalar] {
        let size = explanations.shape.count
        return Array(numbers[(place * size)..<((place + 1) * size)])
    }
    private func raster(_ numbers: [Scalar], _ place: Int) -> RasterImage {
        let shape = explanations.shape
        return Colours.image(
            image(numbers, place), height: shape.height, width: shape.width, channels: shape.channels)
    }
    private func signed(_ numbers: [Scalar], _ place: Int) -> RasterImage {
        let shape = explanations.shape
        return Colours.signed(
            image(numbers, place), height: shape.height, width: shape.width, channels: shape.channels)
    }
}
