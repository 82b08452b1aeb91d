import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Kernels
import Perturbations
import TestSupport
import Testing

/// An attack on smoothed classifiers, whose radii of linear ones are known.
struct SmoothingAttackTests {
    /// By scipy 1.17: binomtest(successes, tries, 0.5).pvalue.
    @Test(arguments: [
        (5, 10, 1.0), (9, 10, 0.021484375), (10, 10, 0.001953125), (0, 3, 0.25), (60, 100, 0.05688793364098089),
        (501, 1000, 0.9747749818216395), (5200, 10000, 6.593515598672343e-05), (50500, 100_000, 0.0015823598788515154),
        (7, 9, 0.1796875), (0, 0, 1),
    ])
    func fairCoins(successes: Int, tries: Int, expected: Double) {
        let found = Quantiles.fairCoin(successes: successes, tries: tries)
        #expect(abs(found - expected) <= 1e-10 * expected, "\(found)")
    }

    @Test func theProcedureOfPrediction() throws {
        let settings = try SmoothingSettings(sigma: 1, draws: 100, selectionDraws: 1, alpha: 0.05, seed: 1)
        // 60 of 100 and 59 of 98 are within chance, whatever a third class has.
        for (counts, expected) in [
            ([60, 40], nil), ([61, 39], 0), ([39, 0, 61], 2), ([59, 39, 2], nil), ([0, 0, 0], nil), ([6, 0], 0),
            ([5, 0], nil), ([50, 50], nil),
        ] as [([Int], Int?)] {
            #expect(settings.prediction(counts) == expected, "\(counts)")
        }
    }

    private let shape = ImageShape(height: 2, width: 3, channels: 1)
    private let weights = [1.0, -2, 0.5, 0, 1, -1]
    private var length: Double { ThreatModel.Norm.l2.length(of: weights) }

    /// An image this far from the hyperplane of the linear network, and the network.
    private func linear(distance: Double) -> (image: [Scalar], smoothed: SmoothedClassifier) {
        let classifier = linearClassifier(shape, weights: [weights, weights.map { -$0 }], biases: [0, 0])
        let image = weights.map { Scalar(distance * $0 / length) }
        return (image, SmoothedClassifier(classifier, sigma: 0.5, seed: 4, batch: 300))
    }

    /// The steepest way leads along the weights, out of the pixels too, and no further than it may.
    @Test(arguments: [1, 3, 20], [1, 16])
    func movesOfALinearNetworkAreKnown(steps: Int, draws: Int) throws {
        let (image, smoothed) = linear(distance: 0.4)
        let attack = try SmoothingAttack(steps: steps, draws: draws)
        let moved = attack.moved(image, number: 7, awayFrom: 0, radius: 0.3, smoothed)
        for (place, weight) in weights.enumerated() {
            #expect(abs(Double(moved[place]) - 0.1 * weight / length) < 1e-6)
        }
        let other = attack.moved(image, number: 7, awayFrom: 1, radius: 0.3, smoothed)
        #expect(abs(zip(other, weights).reduce(0) { $0 + Double($1.0) * $1.1 } / length - 0.7) < 1e-6)
    }

    /// Where every draw's probability rounds to one, the way is the same.
    @Test func confidenceHidesNothing() throws {
        let weights = weights.map { 1000 * $0 }
        let classifier = linearClassifier(shape, weights: [weights, weights.map { -$0 }], biases: [0, 0])
        let image = weights.map { Scalar(3 * $0 / 1000 / length) }
        let moved = try SmoothingAttack(steps: 2, draws: 4).moved(
            image, number: 0, awayFrom: 0, radius: 1, SmoothedClassifier(classifier, sigma: 0.1, seed: 1))
        #expect(abs(zip(moved, weights).reduce(0) { $0 + Double($1.0) * $1.1 } / 1000 / length - 2) < 1e-5)
    }

    /// Turned inside out, the same image is of the other class, and away from that leads the same way.
    @Test func whatImagesGoThroughIsPartOfTheClassifier() throws {
        let turned = linearClassifier(
            shape, weights: [weights, weights.map { -$0 }], biases: [0, 0], preparation: { $0 * -2 })
        let (image, _) = linear(distance: 0.4), smoothed = SmoothedClassifier(turned, sigma: 0.1, seed: 4)
        #expect(smoothed.counts(image, number: 7, draws: 0..<20, .certificateEstimation)[1] == 20)
        let moved = try SmoothingAttack(steps: 3, draws: 4).moved(
            image, number: 7, awayFrom: 1, radius: 0.3, smoothed)
        #expect(abs(zip(moved, weights).reduce(0) { $0 + Double($1.0) * $1.1 } / length - 0.1) < 1e-6)
    }

    /// A fifteenth of a deviation beyond the hyperplane the other class has a chance of 0.527: six deviations of so many
    /// draws. As far on this side nothing is broken.
    @Test func theBoundOfALinearNetworkIsTight() throws {
        let settings = try SmoothingSettings(sigma: 0.5, draws: 13_000, selectionDraws: 10, alpha: 0.001, seed: 4)
        let (image, smoothed) = linear(distance: 0.4)
        for (radius, expected) in [(0.4 + 0.5 / 15, 1), (0.4 - 0.5 / 15, 0)] {
            let moved = try SmoothingAttack(steps: 5, draws: 8).moved(
                image, number: 2, awayFrom: 0, radius: radius, smoothed)
            let counts = smoothed.counts(moved, number: 2, draws: 0..<13_000, .certificateJudgement)
            #expect(settings.prediction(counts) == expected, "\(counts)")
        }
    }

    @Test func certificatesOfALinearNetworkAreNeverBroken() throws {
        let classifier = linearClassifier(shape, weights: [weights, weights.map { -$0 }], biases: [0.1, -0.1])
        let images = MadeUpImages.random(12, shape, classes: 2, in: 0.2...0.8)
        let settings = try SmoothingSettings(sigma: 0.5, draws: 2000, selectionDraws: 100, alpha: 0.001, seed: 3)
        var certification = SmoothingCertification(settings)
        certification.attack = try SmoothingAttack(steps: 10, draws: 8)
        let result = try certification.run(classifier, on: images, over: SingleProcess())
        let certified = result.images.count { $0.certificate.prediction != nil }
        #expect(certified > 6 && result.attackedCount == certified && result.brokenCount == 0)
        // The attack has moved them: next to the boundary draws are torn.
        for image in result.images {
            guard let counts = image.countsUnderAttack, let label = image.certificate.prediction else { continue }
            #expect(counts.reduce(0, +) == 2000 && counts[label] < image.counts[label])
            #expect(counts[label] > 900 && counts[label] < 1300, "\(counts)")
        }
        let json = result.json(model: "m")
        #expect(json["attack"]?["attacked"]?.intValue == certified && json["attack"]?["broken"]?.intValue == 0)
        certification.attack = nil
        #expect(try certification.run(classifier, on: images, over: SingleProcess()).json(model: "m")["attack"] == nil)
    }

    @Test func aBrokenBoundIsSaid() throws {
        let settings = try SmoothingSettings(sigma: 0.5, draws: 100, selectionDraws: 10, alpha: 0.001, seed: 3)
        let certificate = settings.certificate(selection: [9, 1], estimation: [99, 1])
        let abstention = settings.certificate(selection: [9, 1], estimation: [50, 50])
        let result = SmoothingResult(
            dataset: "d", settings: settings, attack: try SmoothingAttack(steps: 1, draws: 1),
            images: [[10, 90], [90, 10], [50, 50]].map {
                .init(label: 0, counts: [99, 1], certificate: certificate, countsUnderAttack: $0)
            } + [.init(label: 0, counts: [50, 50], certificate: abstention)])
        #expect(result.attackedCount == 3 && result.brokenCount == 1)
        let images = result.json(model: "m")["images"]?.arrayValue ?? []
        #expect(images.map { $0["attacked"]?["broken"]?.boolValue } == [true, false, false, nil])
        #expect(images.map { $0["attacked"]?["prediction"]?.intValue } == [1, 0, nil, nil])
    }

    /// A certificate without an attack is what one with it goes on from; its own state knows its settings.
    @Test func whatIsKnownIsNotAttackedAgain() throws {
        let directory = TemporaryDirectory(), folder = directory.path
        let network = smallNetwork(), images = digits(4, labelledBy: network)
        let settings = try SmoothingSettings(sigma: 0.1, draws: 40, selectionDraws: 8, alpha: 0.05, seed: 5)
        var certification = SmoothingCertification(settings)
        certification.attack = try SmoothingAttack(steps: 3, draws: 4)
        func found() throws -> JSONValue {
            try certification.run(network, on: images, over: SingleProcess()).json(model: "m")
        }
        let alone = try found()
        #expect(alone["attack"]?["attacked"]?.intValue ?? 0 > 1)
        certification.journal = EvaluationJournal(directory: folder, model: "m", resumes: false)
        certification.batch = 7
        certification.attack = nil
        _ = try found()
        certification.attack = try SmoothingAttack(steps: 3, draws: 4)
        #expect(try found() == alone)
        let path = "\(folder)/attack-3-4/rank-0.counts"
        let lines = try FileContents.text(path, limit: 10_000, words: "counts").split(separator: "\n")
        try AtomicFile.write(lines.dropLast().joined(separator: "\n") + "\n1 2", to: path)
        #expect(try found() == alone)
        try AtomicFile.write("0 40" + String(repeating: " 0", count: 9) + " 40\n", to: path)
        let attacked = try found()["images"]?.arrayValue?.first { $0["attacked"] != nil }
        #expect(attacked?["attacked"]?["counts"]?.arrayValue?[0] == 40)
        // Another attack has a state of its own, on the same certificates.
        certification.attack = try SmoothingAttack(steps: 4, draws: 4)
        #expect(try found()["attack"]?["steps"] == 4)
        // What attacks have found goes with the certificates.
        certification.attack = nil
        certification.journal?.replaces = true
        _ = try found()
        certification.journal?.replaces = false
        certification.attack = try SmoothingAttack(steps: 3, draws: 4)
        #expect(try found() == alone)
    }

    @Test(arguments: [(0, 1), (1, 0), (10_001, 1)]) func numbersThatMakeNoSense(steps: Int, draws: Int) {
        #expect(throws: Failure.self) { try SmoothingAttack(steps: steps, draws: draws) }
    }
}
