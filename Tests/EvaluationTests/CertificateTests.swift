import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Glibc
import Kernels
import Perturbations
import TestSupport
import Testing

struct CertificateTests {
    /// By scipy 1.17: beta.ppf(alpha, successes, tries - successes + 1).
    @Test(arguments: [
        (1, 1, 0.001, 0.001), (51, 100, 0.001, 0.3541501986578039), (99, 100, 0.001, 0.9113731112960424),
        (600, 1000, 0.05, 0.5738234133353086), (99998, 100_000, 0.001, 0.9998877164589319),
        (50500, 100_000, 0.001, 0.5001089517395879), (100_000, 100_000, 0.001, 0.9999309248330094),
        (99_999_999, 100_000_000, 0.001, 0.999999907665869), (99_000_000, 100_000_000, 0.001, 0.9899692147319304),
        (500_060_000, 1_000_000_000, 0.001, 0.500011138637146), (999_999_995, 1_000_000_000, 0.01, 0.9999999868915164),
        (7, 10, 0.5, 0.6449000320875113), (1, 100_000, 0.001, 1.000500328578529e-08), (0, 5, 0.1, 0),
    ])
    func lowerBounds(successes: Int, tries: Int, alpha: Double, expected: Double) {
        let found = Quantiles.binomialLowerBound(successes: successes, tries: tries, alpha: alpha)
        #expect(abs(found - expected) <= 1e-12 * max(expected, 1e-3), "\(found)")
    }

    /// With the bound as the probability, so many successes or more have the chance alpha.
    @Test func theBoundIsTheBinomialDistributions() {
        for (successes, tries) in [(1, 3), (2, 3), (5, 12), (11, 12), (20, 20)] {
            let p = Quantiles.binomialLowerBound(successes: successes, tries: tries, alpha: 0.01)
            var chance = 0.0
            for k in successes...tries {
                var ways = 1.0
                for i in 0..<k { ways *= Double(tries - i) / Double(i + 1) }
                chance += ways * pow(p, Double(k)) * pow(1 - p, Double(tries - k))
            }
            #expect(abs(chance - 0.01) < 1e-12)
        }
    }

    /// By scipy: norm.ppf.
    @Test(arguments: [
        (0.5, 0), (0.500000001, 2.5066282037387115e-09), (0.75, 0.6744897501960817), (0.9, 1.2815515655446004),
        (0.999, 3.090232306167813), (0.999999999, 5.997807019601637),
    ])
    func normalQuantiles(probability: Double, expected: Double) {
        #expect(abs(Quantiles.normal(probability) - expected) < 1e-9)
    }

    @Test func theProcedure() throws {
        let settings = try SmoothingSettings(sigma: 0.25, draws: 100, selectionDraws: 10, alpha: 0.001, seed: 1)
        // The class is the selection's, whatever the estimation sees, and the first of equals.
        let chosen = settings.certificate(selection: [1, 9, 0], estimation: [1, 99, 0])
        #expect(chosen.prediction == 1 && abs(chosen.radius - 0.25 * 1.3492590388103902) < 1e-12)
        let refused = settings.certificate(selection: [9, 1, 0], estimation: [1, 99, 0])
        #expect(refused.prediction == nil && refused.radius == 0)
        #expect(settings.certificate(selection: [5, 5, 0], estimation: [99, 1, 0]).prediction == 0)
        #expect(settings.certificate(selection: [0, 9, 1], estimation: [0, 51, 49]).prediction == nil)
        for (sigma, draws, alpha) in [(0.0, 1, 0.1), (.nan, 1, 0.1), (1, 0, 0.1), (1, 1, 0), (1, 1, 1)] {
            #expect(throws: Failure.self) {
                try SmoothingSettings(sigma: sigma, draws: draws, selectionDraws: 1, alpha: alpha, seed: 1)
            }
        }
    }

    /// An alpha so near 1 that the bound's rounding would be a certainty, and a sigma of more quarters than a page holds.
    @Test func numbersThatNobodyWouldChoose() throws {
        let certain = try SmoothingSettings(
            sigma: 0.25, draws: 1_000_000, selectionDraws: 1, alpha: 1 - 1e-12, seed: 1)
        let radius = certain.certificate(selection: [1], estimation: [1_000_000]).radius
        #expect(radius > 2 && radius < 2.1)
        for sigma in [1e-300, 0.25, 40, 1e9, 1e300] {
            let settings = try SmoothingSettings(sigma: sigma, draws: 100, selectionDraws: 1, alpha: 0.001, seed: 1)
            let result = SmoothingResult(dataset: "d", settings: settings, attack: nil, images: [])
            let most = settings.certificate(selection: [1], estimation: [100]).radius, radii = result.radii
            #expect(radii.count <= 101 && radii[0] == 0 && radii[radii.count - 1] <= most)
            #expect(radii.count == 1 ? most < 0.25 : radii[radii.count - 1] + radii[1] > most)
        }
    }

    /// The smoothed classifier of a linear one has the hyperplane as its boundary: no radius reaches past it, and with
    /// many draws it comes near.
    @Test func radiiOfALinearClassifierEndAtItsHyperplane() throws {
        let shape = ImageShape(height: 2, width: 3, channels: 1), weights = [1.0, -2, 0.5, 0, 1, -1]
        let classifier = linearClassifier(shape, weights: [weights, weights.map { -$0 }], biases: [0.1, -0.1])
        let norm = ThreatModel.Norm.l2.length(of: weights)
        var images = MadeUpImages.random(12, shape, classes: 2, in: 0.2...0.8)
        let scores = images.images.map { image in zip(weights, image).reduce(0.1) { $0 + $1.0 * Double($1.1) } }
        for (i, score) in scores.enumerated() { images.labels[i] = score > 0 ? 0 : 1 }
        let settings = try SmoothingSettings(sigma: 0.5, draws: 4000, selectionDraws: 100, alpha: 0.001, seed: 3)
        var certification = SmoothingCertification(settings)
        certification.batch = 64
        let result = try certification.run(classifier, on: images, over: SingleProcess())
        for (image, score) in zip(result.images, scores) {
            let distance = abs(score) / norm, certificate = image.certificate
            #expect(certificate.radius <= distance)
            #expect(certificate.prediction == nil || certificate.prediction == image.label)
            // Four deviations of the estimate and more than that of the bound.
            if distance < 1 { #expect(certificate.radius > distance - 0.1) }
            #expect(image.counts.reduce(0, +) == 4000)
        }
        #expect(result.certifiedAccuracy(radius: 0) > 0.5 && result.certifiedAccuracy(radius: 10) == 0)
    }

    @Test func whatIsKnownIsNotDrawnAgain() throws {
        let directory = TemporaryDirectory(), folder = directory.path
        let network = smallNetwork(), images = digits(4, labelledBy: network)
        let settings = try SmoothingSettings(sigma: 0.3, draws: 40, selectionDraws: 8, alpha: 0.01, seed: 5)
        var certification = SmoothingCertification(settings)
        let alone = try certification.run(network, on: images, over: SingleProcess()).json(model: "m")
        certification.journal = EvaluationJournal(directory: folder, model: "m", resumes: false)
        certification.batch = 7
        func found() throws -> JSONValue {
            try certification.run(network, on: images, over: SingleProcess()).json(model: "m")
        }
        #expect(try found() == alone)
        // Cut off in a number, a part of nothing, a wrong sum: all done again.
        let path = "\(folder)/rank-0.counts", text = try FileContents.text(path, limit: 10_000, words: "counts")
        let lines = text.split(separator: "\n")
        #expect(lines.count == 8)
        for damaged in [lines.dropLast().joined(separator: "\n") + "\n7 1", "99 1 1\n" + lines[0] + "0\n", "x\n\n"] {
            try AtomicFile.write(damaged, to: path)
            #expect(try found() == alone)
        }
        // What is there is believed, so it is not drawn again.
        try AtomicFile.write("1 40" + String(repeating: " 0", count: 9) + " 40\n", to: path)
        #expect(try found()["images"]?.arrayValue?[0]["counts"]?.arrayValue?[0] == 40)
        certification.settings.sigma = 0.4
        #expect(throws: Failure.self) { try found() }
        certification.journal?.replaces = true
        #expect(try found() != alone)
    }
}
