import Formats

/// What was certified of the first images of a data set.
public struct SmoothingResult: Sendable {
    /// What was certified of one image, and from what.
    public struct Image: Sendable {
        /// The right class.
        public let label: Int
        /// Of all draws that estimate, by class. Draws whose logits are not finite are missing.
        public let counts: [Int]
        public let certificate: SmoothingSettings.Certificate
    }

    /// The data set's name.
    public let dataset: String
    public let settings: SmoothingSettings
    /// In the data's order.
    public let images: [Image]

    /// The share of images that are certified to be classified correctly within a radius.
    public func certifiedAccuracy(radius: Double) -> Double {
        shareOfTrue(images.map { $0.certificate.prediction == $0.label && $0.certificate.radius >= radius })
    }

    /// The share for which no class was likely enough.
    public var abstentions: Double { shareOfTrue(images.map { $0.certificate.prediction == nil }) }

    /// Quarters of the unit, as the literature shows certified accuracy, up to the largest radius that the draws allow.
    public var radii: [Double] {
        let most = settings.certificate(selection: [1], estimation: [settings.draws]).radius
        return (0...max(0, Int(most / 0.25))).map { 0.25 * Double($0) }
    }

    /// The contents of `certificate.json`: no times, and nothing of the ranks.
    public func json(model: String) -> JSONValue {
        .object(
            [.init("version", JSONValue(ProgramVersion.text)), .init("model", JSONValue(model))]
                + [.init("dataset", JSONValue(dataset))] + settings.json + [
                    .init("samples", JSONValue(images.count)),
                    .init("abstained", JSONValue(abstentions)),
                    .init(
                        "certified",
                        .array(
                            radii.map {
                                ["radius": JSONValue($0), "accuracy": JSONValue(certifiedAccuracy(radius: $0))]
                            })),
                    .init(
                        "images",
                        .array(
                            images.map {
                                [
                                    "label": JSONValue($0.label),
                                    "prediction": $0.certificate.prediction.map { JSONValue($0) } ?? .null,
                                    "radius": JSONValue($0.certificate.radius), "counts": JSONValue($0.counts),
                                ]
                            })),
                ])
    }

    /// Writes `certificate.json` into a directory. For rank 0. Throws `inputOutput`.
    public func write(to directory: String, model: String) throws {
        try AtomicFile.write(json(model: model).text(pretty: true) + "\n", to: "\(directory)/certificate.json")
    }
}
