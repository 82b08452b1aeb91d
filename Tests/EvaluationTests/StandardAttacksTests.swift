import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Kernels
import Models
import Perturbations
import Randomness
import Testing

/// The attacks of the standard evaluation where the answer is known, and what they promise everywhere.
struct StandardAttacksTests {
    let shape = ImageShape(height: 3, width: 4, channels: 1)
    let weights: [[Double]]
    let biases: [Double]
    let classifier: Classifier

    init() {
        var stream = RandomStream(seed: 8, purpose: .test)
        weights = (0..<2).map { _ in (0..<12).map { _ in stream.normal() } }
        biases = weights.map { -$0.reduce(0, +) / 2 }
        classifier = linearClassifier(shape, weights: weights, biases: biases)
    }

    private var difference: [Double] { zip(weights[1], weights[0]).map { $0 - $1 } }

    /// What class 1 has over class 0.
    private func score(_ image: [Scalar]) -> Double {
        zip(difference, image).reduce(biases[1] - biases[0]) { $0 + $1.0 * Double($1.1) }
    }

    private func labelled(_ count: Int, in range: ClosedRange<Double>) -> MadeUpImages {
        var images = MadeUpImages.random(count, shape, classes: 2, in: range)
        for i in 0..<count { images.labels[i] = score(images.images[i]) > 0 ? 1 : 0 }
        return images
    }

    /// The least change of norm 1 that the score moves by.
    private func dualNorm(_ norm: ThreatModel.Norm) -> Double {
        switch norm {
        case .l0: preconditionFailure("dualNorm: l0 is no norm")
        case .l1: difference.reduce(0) { max($0, abs($1)) }
        case .l2: difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
        case .linf: difference.reduce(0) { $0 + abs($1) }
        }
    }

    @Test(arguments: ThreatModel.Norm.proper)
    func apgdReachesTheOptimum(norm: ThreatModel.Norm) {
        let images = labelled(10, in: 0.4...0.6)
        let least = images.images.map { abs(score($0)) }.min() ?? 0
        let threat = ThreatModel(norm: norm, epsilon: 0.9 * least / dualNorm(norm))
        let context = AttackContext(classifier: classifier, threat: threat, seed: 1)
        for loss in [AttackLoss.crossEntropy, .margin] {
            let found = APGD(name: "apgd", loss: loss).perturb(batch(images, Array(0..<10)), context).array
            for i in 0..<10 {
                let image = Array(found[i * 12..<(i + 1) * 12])
                let gained = abs(score(images.images[i])) - abs(score(image))
                let most = threat.epsilon * dualNorm(norm)
                // Sparse steps move two values where two differ from the image's, so a second one may keep its half.
                let sizes = difference.map(abs).sorted(by: >)
                let least = norm == .l1 ? threat.epsilon * (sizes[0] + sizes[1]) / 2 : most
                #expect(gained > least * 0.9999 && gained < most * 1.0001, "image \(i), \(gained) of \(most)")
            }
        }
    }

    @Test(arguments: ThreatModel.Norm.proper, ["apgd-ce", "apgd-margin", "fab-t", "square", "cw", "hopskipjump"])
    func whatIsWithinReachBreaksAndNothingElse(norm: ThreatModel.Norm, name: String) throws {
        // Its smallest square under l1 and l2 is nearly all of so small an image; see the next test.
        if name == "square" && norm != .linf { return }
        guard norm != .l1 || !["cw", "hopskipjump"].contains(name) else { return }
        let images = labelled(24, in: 0.3...0.7)
        let distances = images.images.map { abs(score($0)) / dualNorm(norm) }
        let epsilon = distances.sorted()[12]
        let threat = ThreatModel(norm: norm, epsilon: epsilon)
        let context = AttackContext(classifier: classifier, threat: threat, seed: 1)
        let attack = try AttackRegistry.attack(name)
        let found = attack.perturb(batch(images, Array(0..<24)), context)
        let broken = classifier.misclassifies(found, images.labels)
        // Gradients find what is 2 % within the budget; random search needs more room.
        let slack = attack.source == .gradients ? 0.98 : 0.8
        for i in 0..<24 {
            if distances[i] > epsilon { #expect(!broken[i], "\(name), image \(i)") }
            if distances[i] < slack * epsilon { #expect(broken[i], "\(name), image \(i)") }
        }
        #expect(distances.contains { $0 < slack * epsilon } && broken.contains(false))
    }

    /// The classes are told apart by the left half of the image against the right one.
    @Test func squareUnderL2FindsAPatternOfItsForm() {
        let shape = ImageShape(height: 12, width: 12, channels: 1)
        let weights = (0..<144).map { $0 % 12 < 6 ? 1.0 : -1 }
        let classifier = linearClassifier(shape, weights: [weights, weights.map { -$0 }], biases: [0, 0])
        // Margins 2 w x from 0.1 to 1.2 in steps of 0.1, where one of norm epsilon can take off 24 epsilon.
        let images = (1...12).map { step in
            weights.map { Scalar(0.5 + $0 * Double(step) / 2880) }
        }
        let made = MadeUpImages(shape, classes: 2, images: images, labels: Array(repeating: 0, count: 12))
        let context = AttackContext(
            classifier: classifier, threat: ThreatModel(norm: .l2, epsilon: 1.25 / 24), seed: 1)
        let broken = classifier.misclassifies(
            Square().perturb(batch(made, Array(0..<12)), context), made.labels)
        #expect(broken.prefix(8).allSatisfy { $0 })
    }

    /// Also where slopes are short.
    @Test func theNearestClassIsTheSameAtAnyScale() {
        let shape = ImageShape(height: 1, width: 2, channels: 1)
        let image = MadeUpImages(shape, classes: 3, images: [[0.5, 0.5]], labels: [0])
        for scale in [1, 1e-15] {
            // Gaps of 0.2 at slope 1, of 1.2 at slope 10.
            let classifier = linearClassifier(
                shape, weights: [[0, 0], [scale, 0], [0, 10 * scale]],
                biases: [scale, 0.3 * scale, -5.2 * scale])
            let context = AttackContext(classifier: classifier, threat: ThreatModel(norm: .l2, epsilon: 0.15), seed: 1)
            let found = PGD(loss: .margin, steps: 20, goal: .nearest(1)).perturb(batch(image, [0]), context)
            #expect(classifier.misclassifies(found, [0]) == [true], "\(scale)")
        }
    }

    @Test func minimalNormsNeedMoreThanALook() throws {
        for name in ["fmn", "ddn"] {
            let attack = try AttackRegistry.attack(name, AttackOptions(steps: 1))
            let failure = #expect(throws: Failure.self) {
                try attack.validate(AttackProblem(classes: 10, norm: .l2))
            }
            #expect(failure?.description.contains("at least 2") == true)
            try AttackRegistry.attack(name, AttackOptions(steps: 2)).validate(AttackProblem(classes: 10, norm: .l2))
        }
    }

    @Test(arguments: ThreatModel.Norm.proper)
    func fabFindsTheNearestImage(norm: ThreatModel.Norm) {
        let images = labelled(12, in: 0.3...0.7)
        let context = AttackContext(
            classifier: classifier, threat: ThreatModel(norm: norm, epsilon: 0.01), seed: 1)
        let nearest = FAB().nearest(batch(images, Array(0..<12)), context)
        for i in 0..<12 {
            let distance = abs(score(images.images[i])) / dualNorm(norm)
            #expect(nearest.distances[i] > distance * 0.99999 && nearest.distances[i] < distance * 1.02)
        }
    }

    /// A plane is as far as its distance, under `l0` as many values as its largest weights need, whatever the scale of the
    /// logits is.
    @Test(arguments: [1, 1e-15]) func minimalNormsAreTheClosedForms(scale: Double) {
        let images = labelled(12, in: 0.3...0.7), part = batch(images, Array(0..<12))
        let classifier = linearClassifier(
            shape, weights: weights.map { $0.map { scale * $0 } }, biases: biases.map { scale * $0 })
        func distances(_ attack: any MinimalNormAttack, _ norm: ThreatModel.Norm) -> [Double] {
            let context = AttackContext(classifier: classifier, threat: ThreatModel(norm: norm, epsilon: 1), seed: 1)
            return attack.nearest(part, context, until: 0).distances
        }
        for norm in ThreatModel.Norm.proper {
            for (image, found) in zip(images.images, distances(FMN(steps: 300), norm)) {
                let distance = abs(score(image)) / dualNorm(norm)
                #expect(found > distance * 0.9999 && found < distance * 1.02, "\(norm): \(found), \(distance)")
            }
        }
        for (image, found) in zip(images.images, distances(DDN(steps: 300), .l2)) {
            // Grey levels are a 255th apart, in twelve directions.
            let distance = abs(score(image)) / dualNorm(.l2)
            #expect(found > distance * 0.9999 && found < distance * 1.1 + 0.01)
        }
        for (image, found) in zip(images.images, distances(FMN(steps: 300), .l0)) {
            let sign = score(image) > 0 ? -1.0 : 1
            // What each value can add when it goes to the end of the box.
            let gains = zip(image, difference).map { pixel, weight in
                abs(weight) * (sign * weight > 0 ? 1 - Double(pixel) : Double(pixel))
            }.sorted(by: >)
            var missing = abs(score(image)), needed = 0
            for gain in gains where missing > 0 {
                missing -= gain
                needed += 1
            }
            #expect(found >= Double(needed) && found <= Double(needed) + 1)
        }
    }

    /// Three classes: the likeliest wrong one has the lesser gap and the flatter slope, so its boundary is further.
    @Test func theNearestBoundaryNeedNotBeTheLikeliestClass() {
        let shape = ImageShape(height: 1, width: 2, channels: 1)
        let classifier = linearClassifier(shape, weights: [[0, 0], [1, 0], [0, 10]], biases: [1, 0.3, -5.2])
        let images = MadeUpImages(shape, classes: 3, images: [[0.5, 0.5]], labels: [0])
        // Gaps: 1 - 0.8 = 0.2 at slope 1, 1 + 0.2 = 1.2 at slope 10.
        for norm in ThreatModel.Norm.proper {
            let context = AttackContext(classifier: classifier, threat: ThreatModel(norm: norm, epsilon: 0.15), seed: 1)
            func breaks(_ goal: AttackGoal) -> Bool {
                let attack = PGD(loss: .margin, steps: 20, goal: goal)
                let found = attack.perturb(batch(images, [0]), context)
                return classifier.misclassifies(found, images.labels)[0]
            }
            #expect(!breaks(.likeliest(1)) && breaks(.nearest(1)), "\(norm)")
            // The walk without a target finds the same boundary.
            let nearest = FAB(name: "fab", goal: .untargeted).nearest(batch(images, [0]), context)
            #expect(nearest.distances[0] >= 0.1199 && nearest.distances[0] < 0.1215, "\(norm): \(nearest.distances)")
        }
    }

    /// z_1 - z_0 = 4 x_0 + 3 x_1 + x_2 - 2, and x_0 can grow by 0.1 only.
    @Test(arguments: ThreatModel.Norm.proper)
    func fabGoesAlongTheBox(norm: ThreatModel.Norm) {
        let shape = ImageShape(height: 1, width: 3, channels: 1)
        let classifier = linearClassifier(
            shape, weights: [[0, 0, 0], [4, 3, 1]], biases: [0, -5.6])
        let images = MadeUpImages(shape, classes: 2, images: [[0.9, 0.1, 0.1]], labels: [0])
        let context = AttackContext(
            classifier: classifier, threat: ThreatModel(norm: norm, epsilon: 2), seed: 1)
        let nearest = FAB(steps: 300).nearest(batch(images, [0]), context)
        // Missing: 5.6 - 4 = 1.6, of which x_0 gives 0.4. l1: x_1 takes all. l2: 3 and 1 share 1.2 as
        // (0.36, 0.12). linf: 0.3 each.
        let change = norm.choice(l1: [0.1, 0.4, 0], l2: [0.1, 0.36, 0.12], linf: [0.1, 0.3, 0.3])
        let distance = norm.length(of: change)
        #expect(nearest.distances[0] > distance * 0.99999 && nearest.distances[0] < distance * 1.01)
    }

    /// Every attack, near the edge of the box: images are allowed exactly, and stay as they were where it fails.
    @Test(arguments: ThreatModel.Norm.proper, AttackRegistry.names)
    func budgetAndBoxAreKept(norm: ThreatModel.Norm, name: String) throws {
        let network = smallNetwork()
        let images = digits(6, labelledBy: network)
        let threat = ThreatModel(norm: norm, epsilon: norm.choice(l1: 2, l2: 0.3, linf: 0.03))
        let context = AttackContext(classifier: network, surrogate: smallNetwork(.gelu), threat: threat, seed: 1)
        let attack: any Attack =
            switch name {
            case _ where name.hasPrefix("autoattack"), "square": Square(queries: 60)
            case "hopskipjump": HopSkipJump(steps: 3, neighbours: 20)
            case _ where AttackRegistry.names(having: .steps).contains(name):
                try AttackRegistry.attack(name, AttackOptions(steps: 6))
            default: try AttackRegistry.attack(name)
            }
        guard attack.norms.contains(norm) else {
            #expect(["cw", "hopskipjump"].contains(name) ? norm == .l1 : name == "ddn" && norm != .l2)
            return
        }
        let batch = batch(images, [0, 1, 2, 3])
        let found = attack.perturb(batch, context)
        for row in 0..<4 {
            #expect(threat.allows(64, found.pointer + row * 64, original: images.images[row]), "\(name), image \(row)")
        }
        withExtendedLifetime(found) {}
        let none = AttackContext(
            classifier: network, surrogate: network, threat: threat.with(epsilon: 0), seed: 1)
        #expect(attack.perturb(batch, none).array == batch.images.array, "\(name)")
    }

    /// What forecasts are made from is what attacks take at most: all of it on an image that no attack breaks.
    @Test(arguments: ThreatModel.Norm.proper)
    func passesAreWhatAnImageTakesThatStaysWhole(norm: ThreatModel.Norm) throws {
        let network = smallNetwork(), images = digits(4, labelledBy: network)
        let attacks: [any Attack] = [
            PGD(steps: 3), PGD(steps: 3, restarts: 2), PGD(loss: .margin, steps: 3, goal: .likeliest(2)),
            APGD(name: "a", loss: .crossEntropy, steps: 6, restarts: 2),
            APGD(name: "t", loss: .logitRatio, steps: 6, goal: .likeliest(3)),
            APGD(name: "m", loss: .logitRatio, steps: 6, goal: .nearest(2)),
            APGD(name: "r", loss: .crossEntropy, steps: 6, draws: 3),
            FAB(steps: 3, goal: .likeliest(2)), FAB(name: "fab", steps: 3, goal: .untargeted, restarts: 2),
            FMN(steps: 5), DDN(steps: 5),
        ].filter { $0.norms.contains(norm) }
        for attack in attacks {
            var passes = 0
            // So little that the walk ends at no misclassified image, however far FAB and the like look.
            let context = AttackContext(
                classifier: network, threat: ThreatModel(norm: norm, epsilon: 1e-9), seed: 1, onStep: { passes += 1 })
            _ = attack.perturb(batch(images, [0]), context)
            #expect(passes == attack.passes(AttackProblem(classes: 10, norm: norm)), "\(attack.name), \(norm)")
        }
    }

    @Test func imagesOfOneRowAreSearchedAllOver() {
        // A point of the plane: the class is the sign of x - y.
        let shape = ImageShape(height: 1, width: 2, channels: 1)
        let classifier = linearClassifier(shape, weights: [[1, -1], [-1, 1]], biases: [0, 0])
        let images = MadeUpImages(
            shape, classes: 2, images: (0..<16).map { [1 + 0.01 * Scalar($0), 0] },
            labels: Array(repeating: 0, count: 16))
        for norm in ThreatModel.Norm.proper {
            let threat = ThreatModel(
                norm: norm, epsilon: norm.choice(l1: 1.5, l2: 1.2, linf: 0.7), box: ThreatModel.unbounded)
            let context = AttackContext(classifier: classifier, threat: threat, seed: 1)
            let found = Square(queries: 200).perturb(batch(images, Array(0..<16)), context)
            #expect(classifier.misclassifies(found, images.labels).allSatisfy { $0 })
        }
    }

    @Test func noiseAndRestartsOfTheRandomAttacksBelongToTheSample() {
        let network = smallNetwork()
        let images = digits(20, labelledBy: network)
        for norm in ThreatModel.Norm.proper {
            let threat = ThreatModel(norm: norm, epsilon: norm.choice(l1: 0.5, l2: 0.1, linf: 0.01))
            func found(_ attack: any Attack, _ indices: [Int], seed: UInt64 = 1) -> [Scalar] {
                let context = AttackContext(
                    classifier: network, surrogate: smallNetwork(.gelu), threat: threat, seed: seed)
                return attack.perturb(batch(images, indices), context).array
            }
            let random: [any Attack] = [
                Square(queries: 40), APGD(name: "a", loss: .crossEntropy, steps: 12),
                APGD(name: "t", loss: .logitRatio, steps: 9, goal: .likeliest(2)),
                APGD(name: "m", loss: .logitRatio, steps: 9, goal: .nearest(2)),
            ]
            let fixed: [any Attack] = [
                FAB(steps: 6, goal: .likeliest(2)), FAB(name: "fab", steps: 4, goal: .untargeted, restarts: 2),
                CarliniWagner(steps: 8, searches: 3),
                HopSkipJump(steps: 2, neighbours: 20), Transfer(steps: 3), FMN(steps: 6), DDN(steps: 6),
            ].filter { $0.norms.contains(norm) }
            for attack in random + fixed {
                let together = found(attack, [3, 0, 12, 7, 1, 8, 2])
                #expect(together == [3, 0, 12, 7, 1, 8, 2].flatMap { found(attack, [$0]) }, "\(attack.name), \(norm)")
            }
            for attack in random { #expect(found(attack, [3, 0]) != found(attack, [3, 0], seed: 2)) }
        }
    }

    @Test func otherModelsImagesTransferToATwin() {
        let images = labelled(20, in: 0.3...0.7)
        let threat = ThreatModel(norm: .linf, epsilon: 0.4)
        let lone = AttackContext(classifier: classifier, threat: threat, seed: 1)
        let twin = AttackContext(classifier: classifier, surrogate: classifier, threat: threat, seed: 1)
        let batch = batch(images, Array(0..<20))
        #expect(Transfer().perturb(batch, lone).array == batch.images.array)
        #expect(classifier.misclassifies(Transfer().perturb(batch, twin), images.labels).allSatisfy { $0 })
    }
}
