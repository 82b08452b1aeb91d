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
        /// Of all draws that judge the image after an attack, by class; nil where none was made.
        public let countsUnderAttack: [Int]?

        public init(
            label: Int, counts: [Int], certificate: SmoothingSettings.Certificate, countsUnderAttack: [Int]? = nil
        ) {
            self.label = label
            self.counts = counts
            self.certificate = certificate
            self.countsUnderAttack = countsUnderAttack
        }
    }

    /// The data set's name.
    public let dataset: String
    public let settings: SmoothingSettings
    /// What has attacked each image within its radius, if anything.
    public let attack: SmoothingAttack?
    /// In the data's order.
    public let images: [Image]

    public init(dataset: String, settings: SmoothingSettings, attack: SmoothingAttack?, images: [Image]) {
        self.dataset = dataset
        self.settings = settings
        self.attack = attack
        self.images = images
    }

    /// The share of images that are certified to be classified correctly within a radius.
    public func certifiedAccuracy(radius: Double) -> Double {
        shareOfTrue(images.map { $0.certificate.prediction == $0.label && $0.certificate.radius >= radius })
    }

    /// The share for which no class was likely enough.
    public var abstentions: Double { shareOfTrue(images.map { $0.certificate.prediction == nil }) }

    /// The class that an image has once it is attacked, by procedure PREDICT; nil without an attack, and where no class is
    /// significantly more frequent than all others.
    public func predictionUnderAttack(_ image: Image) -> Int? {
        image.countsUnderAttack.flatMap { settings.prediction($0) }
    }

    /// Whether an attack within the image's radius has brought it another class, which the certificate says cannot be.
    public func isBroken(_ image: Image) -> Bool {
        predictionUnderAttack(image).map { $0 != image.certificate.prediction } ?? false
    }

    /// Images that were attacked.
    public var attackedCount: Int { images.count { $0.countsUnderAttack != nil } }
    /// Those of them whose bound did not hold.
    public var brokenCount: Int { images.count(where: isBroken) }

    /// Quarters of the unit, as the literature shows certified accuracy, up to the largest radius that the draws allow. Wider
    /// apart where there would be more than a hundred.
    public var radii: [Double] {
        let most = settings.certificate(selection: [1], estimation: [settings.draws]).radius
        var distance = 0.25
        while most / distance > 100 { distance *= 2 }
        return (0...Int(most / distance)).map { distance * Double($0) }
    }

    /// The mean over all images of the radius within which the image is certified to be classified correctly, 0 where it
    /// is not (Zhai et al. 2020).
    public var averageRadius: Double {
        images.reduce(0) { $0 + ($1.certificate.prediction == $1.label ? $1.certificate.radius : 0) }
            / Double(images.count)
    }

    /// Images some of whose draws had logits that are not finite, and so no class.
    public var undefinedCount: Int { images.count { $0.counts.reduce(0, +) < settings.draws } }

    /// The contents of `certificate.json`: no times, and nothing of the ranks.
    /// - Parameters:
    ///   - network: what tells the network from others, besides its name.
    public func json(model: String, network: [JSONValue.Member] = []) -> JSONValue {
        .object(
            [.init("version", JSONValue(ProgramVersion.text)), .init("model", JSONValue(model))]
                + network + [.init("dataset", JSONValue(dataset))]
                + settings.json + [
                    .init("samples", JSONValue(images.count)),
                    .init("abstained", JSONValue(abstentions)),
                    .init("average_radius", JSONValue(averageRadius)),
                    .init(
                        "certified",
                        .array(
                            radii.map {
                                ["radius": JSONValue($0), "accuracy": JSONValue(certifiedAccuracy(radius: $0))]
                            })),
                ] + (attack.map { [.init("attack", attackJSON($0))] } ?? []) + [
                    .init("images", .array(images.map { .object(json(of: $0)) }))
                ])
    }

    private func attackJSON(_ attack: SmoothingAttack) -> JSONValue {
        .object(
            attack.json + [.init("attacked", JSONValue(attackedCount)), .init("broken", JSONValue(brokenCount))])
    }

    private func json(of image: Image) -> [JSONValue.Member] {
        func number(_ label: Int?) -> JSONValue { label.map { JSONValue($0) } ?? .null }
        let underAttack = image.countsUnderAttack.map { counts in
            JSONValue.Member(
                "attacked",
                [
                    "prediction": number(predictionUnderAttack(image)), "broken": JSONValue(isBroken(image)),
                    "counts": JSONValue(counts),
                ])
        }
        return [
            .init("label", JSONValue(image.label)), .init("prediction", number(image.certificate.prediction)),
            .init("radius", JSONValue(image.certificate.radius)), .init("counts", JSONValue(image.counts)),
        ] + [underAttack].compactMap(\.self)
    }

    /// Writes `certificate.json` into a directory. For rank 0. Throws `inputOutput`.
    public func write(to directory: String, model: String, network: [JSONValue.Member] = []) throws {
        try AtomicFile.write(
            json(model: model, network: network).text(pretty: true) + "\n", to: "\(directory)/\(Self.file)")
    }

    /// The name of what `write` writes.
    public static let file = "certificate.json"
}
