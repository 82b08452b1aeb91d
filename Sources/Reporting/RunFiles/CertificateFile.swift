import Failures
import Formats
import Glibc

/// What `certificate.json` of `pag certify` tells of a model.
struct CertificateFile: Sendable {
    /// In the run directory.
    let folder: String
    /// Of the noise, in units of images in [0, 1].
    let sigma: Double
    /// Noisy images that each radius is estimated from.
    let draws: Int?
    /// How likely a radius may be wrong, at most.
    let alpha: Double?
    /// Images that were asked about.
    let samples: Int
    /// Images without a likely enough class.
    let abstained: Int
    /// Of the images whose certified class is the right one, ascending.
    let radii: [Double]

    /// What images with noise went through before the network; nil without one.
    let denoiser: (model: String?, time: Int?)?
    /// The precision that products' factors were rounded to; nil for float32.
    let products: String?
    /// Whether the parameters were the average over training's.
    let isAveraged: Bool

    /// Images that were attacked within their radius, and those of them that changed class; nil without an attack.
    let attack: (attacked: Int, broken: Int)?

    /// More bytes than the certificates of a large test set of a thousand classes take.
    private static let largestFile = 1 << 28
    private static let mostImages = 1_000_000

    /// Throws `Failure.badInput` naming the file and the member that is wrong or contradicts another.
    init(folder: String, of run: String) throws {
        let path = "\(run)/\(folder)/certificate.json"
        self.folder = folder
        var limits = JSONLimits()
        limits.values = Self.largestFile / 4
        let fields = try JSONFields(FileContents.json(path, limit: Self.largestFile, limits: limits), place: path)
        guard let sigma = try fields.deviation("sigma") else { throw fields.missing("sigma") }
        self.sigma = sigma
        draws = try fields.count("n")
        alpha = try fields.fraction("alpha").flatMap { $0.isFinite ? $0 : nil }
        denoiser = try fields.object("denoiser").map { (try $0.string("model"), try $0.count("time")) }
        products = try fields.string("products").flatMap { $0 == "float32" ? nil : $0 }
        isAveraged = try fields.bool("ema") ?? false
        let images = try fields.objects("images", limit: Self.mostImages)
        samples = images.count
        var abstained = 0, radii: [Double] = []
        for image in images {
            guard let label = try image.count("label") else { throw image.missing("label") }
            guard let prediction = try image.count("prediction") else {
                if let radius = try image.number("radius"), radius > 0 {
                    throw Failure.badInput(image.place, "radius is \(radius)", expected: "0 without a prediction")
                }
                abstained += 1
                continue
            }
            guard let radius = try image.number("radius") else { throw image.missing("radius") }
            guard radius >= 0, radius.isFinite else {
                throw Failure.badInput(image.place, "radius is \(radius)", expected: "a number of at least 0")
            }
            if prediction == label { radii.append(radius) }
        }
        self.abstained = abstained
        self.radii = radii.sorted()
        attack = try fields.object("attack").map { try Self.attack($0, certified: images.count - abstained) }
        try requireAgreement(with: fields)
    }

    private static func attack(_ fields: JSONFields, certified: Int) throws -> (attacked: Int, broken: Int) {
        guard let attacked = try fields.count("attacked") else { throw fields.missing("attacked") }
        guard attacked <= certified else {
            throw Failure.badInput(
                fields.place, "attacked is \(attacked)", expected: "at most \(certified), the images with a certificate"
            )
        }
        guard let broken = try fields.count("broken") else { throw fields.missing("broken") }
        guard broken <= attacked else {
            throw Failure.badInput(fields.place, "broken is \(broken)", expected: "at most attacked, \(attacked)")
        }
        return (attacked, broken)
    }

    /// What the file says of all images has to be what their entries say.
    private func requireAgreement(with fields: JSONFields) throws {
        if let count = try fields.count("samples"), count != samples {
            throw Failure.badInput(fields.place, "samples is \(count)", expected: "\(samples), the number of images")
        }
        guard samples > 0 else { return }
        try fields.require(
            "abstained", try fields.fraction("abstained"), toBe: Double(abstained) / Double(samples))
        // By radius, so that long lists take one pass over the images.
        let entries = try fields.objects("certified", limit: Self.mostImages).map { entry in
            guard let radius = try entry.number("radius"), !radius.isNaN else { throw entry.missing("radius") }
            return (radius: radius, entry: entry)
        }
        var beneath = 0
        for (radius, entry) in entries.sorted(by: { $0.radius < $1.radius }) {
            while beneath < radii.count, radii[beneath] < radius { beneath += 1 }
            let certified = radii.count - beneath
            try entry.require(
                "accuracy", try entry.fraction("accuracy"), toBe: Double(certified) / Double(samples))
        }
    }

    /// What is not so with most certificates, in a word each.
    var specialities: [String] {
        (denoiser == nil ? [] : ["denoiser"]) + (products.map { [$0] } ?? []) + (isAveraged ? ["EMA"] : [])
    }

    /// Those of a run directory, in folders of any name, by noise.
    static func all(of run: String) throws -> [CertificateFile] {
        try directoryEntries(run).sorted().compactMap { folder -> CertificateFile? in
            let path = "\(run)/\(folder)/certificate.json"
            var status = stat()
            if stat(path, &status) != 0, errno == ENOENT || errno == ENOTDIR { return nil }
            return try CertificateFile(folder: folder, of: run)
        }.sorted { $0.sigma < $1.sigma }
    }

    /// Where the tables' distance brings one beyond all radii.
    var end: Double {
        ((radii.last ?? 0) / Self.tableDistance).rounded(.down) * Self.tableDistance + Self.tableDistance
    }

    /// The share of images that are certified to be classified correctly within each radius, a stepped curve that goes
    /// on to `end` or beyond: after a radius of the file there are fewer, after the largest none.
    func certifiedAccuracy(upTo end: Double) -> [LineChart.Point] {
        func share(_ count: Int) -> Double { Double(count) / Double(max(1, samples)) }
        var points = [LineChart.Point(x: 0, y: share(radii.count))]
        for (place, radius) in radii.enumerated() where radius > (place == 0 ? 0 : radii[place - 1]) {
            points.append(LineChart.Point(x: radius, y: share(radii.count - place)))
        }
        points.append(LineChart.Point(x: end, y: 0))
        return points
    }

    /// Radii that the literature's tables show certified accuracy at are so far apart.
    static let tableDistance = 0.25
}
