import Autodiff
import Checkpoints
import Configuration
import Formats
import Foundation
import Kernels
import Models
import Testing
import Training

/// Losses, parameter gradients and inner attacks that PyTorch computed in float64 (Tests/Peer/losses.py).
@Suite struct LossTests {
    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Losses/losses.safetensors").path
    /// A share of the tensor's largest magnitude, as in `GoldenStep`.
    static let tolerance = GoldenStep.tolerance

    let file: SafetensorsFile
    let state: ModelState
    let shard: LabelledImages
    let pool = MemoryPool()

    init() throws {
        file = try SafetensorsFile(path: Self.path)
        let configuration: ModelConfiguration = try Configuration.read(
            text: file.metadata["model"] ?? "", source: "model")
        state = ModelState(try configuration.model(input: [8, 8, 3], classes: 5), in: pool)
        try ParameterFiles.load(state.parameters, of: state, from: file, prefix: "param.")
        try ParameterFiles.loadStatistics(of: state, from: file, prefix: "param.")
        let y: [Int64] = try file.values(of: "y")
        shard = LabelledImages(images: try Self.tensor("x", file, pool), labels: y.map { Int($0) })
    }

    static func tensor(_ name: String, _ file: SafetensorsFile, _ pool: MemoryPool) throws -> Tensor {
        Tensor(Shape(file.entry(name)?.shape ?? []), try file.values(of: name), in: pool)
            .transposed(-3, -2).transposed(-2, -1).detached
    }

    func run(_ name: String) throws -> RunConfiguration {
        try Configuration.read(text: "loss: \(file.metadata[name] ?? "")", source: name)
    }

    func agrees(_ name: String, _ actual: [Scalar]) throws {
        let expected: [Double] = try file.values(of: "expect." + name)
        #expect(expected.count == actual.count, "\(name)")
        let largest = expected.reduce(0) { max($0, abs($1)) }
        let error = zip(actual, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        #expect(error <= Self.tolerance * largest, "\(name) differs by \(error) of \(largest)")
    }

    @Test(arguments: [
        "at", "trades", "mart", "penalty-l1-frozen", "penalty-l1-per-class", "penalty-l2-frozen",
        "penalty-l2-per-class", "cure-linf-frozen", "cure-linf-per-class", "cure-l2-frozen", "cure-l2-per-class",
        "smooth-adversarial", "consistency",
    ]) func lossAndGradientsAgree(_ name: String) throws { try lossAndGradientsAgree(name, classChunk: nil) }

    @Test(arguments: ["at-aligned", "trades-aligned", "penalty-aligned", "consistency-aligned"], [nil, 1, 2, 5])
    func lossAndGradientsAgree(_ name: String, classChunk: Int?) throws {
        var run = try run(name)
        run.compute.classChunk = classChunk
        if let adversarial = run.loss.kind as? any AdversarialLoss {
            run.loss.kind = Given(base: adversarial, perturbed: try Self.tensor("perturbed", file, pool))
        }
        if let noisy = run.loss.kind as? any NoisyCopiesLoss {
            let images = try Self.tensor(name.hasPrefix("consistency") ? "x" : "perturbed", file, pool)
            run.loss.kind = GivenCopies(base: noisy, copies: try noise().copies(of: images))
        }
        let isAligned = run.loss.activeAlignment != nil
        #expect(isAligned == name.hasSuffix("aligned"))
        let batch = shard.labels.count
        let given = LabelledImages(
            images: shard.images, labels: shard.labels,
            targets: isAligned ? try Self.tensor("g", file, pool).transposed(-5, -4) : nil,
            classes: isAligned ? (0..<5).map { Array(repeating: $0, count: batch) } : [])
        let (result, gradients) = run.objective(at: 0).evaluate(given, state, batch: batch)

        try agrees(name + ".loss", [result.loss])
        for (declaration, gradient) in zip(state.model.parameters, gradients) {
            try agrees("\(name).grad.\(declaration.name)", ParameterFiles.reordered(gradient, declaration.layout))
        }
        var seen: [Scalar] = []
        for case let statistics? in result.seen { seen += statistics.mean.array + statistics.variance.array }
        state.commit(seen: seen)
        for (declaration, running) in zip(state.model.statistics, state.runningTensors(of: state.statistics)) {
            try agrees("\(name).buffer.\(declaration.meanName)", running.mean.array)
            try agrees("\(name).buffer.\(declaration.varianceName)", running.variance.array)
        }
    }

    /// The file's, in the order of images in memory.
    func noise() throws -> NormalNoise {
        let draws = try Self.tensor("noise", file, pool), size = shard.images.shape.count
        return NormalNoise((0..<3).map { draw in draws.array[draw * size..<(draw + 1) * size].map { Double($0) } })
    }

    @Test(arguments: ["l2", "linf"], ["eval", "train"])
    func attacksOnTheSmoothedClassifierGoTheSameWay(_ norm: String, _ statistics: String) throws {
        let name = "smoothed.\(norm)-\(statistics)"
        let loss = try #require(run(name).loss.kind as? SmoothAdversarial)
        let passes = ShardPasses(shard, state, parameters: state.tensors(of: state.parameters), .training)
        let perturbed = loss.perturb(try Self.tensor("start." + norm, file, pool), passes, try noise())
        let expected = try Self.tensor("expect." + name, file, pool).array
        let error = zip(perturbed.array, expected).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
        let reach = zip(shard.images.array, expected).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
        #expect(error <= max(Self.tolerance, 1e-7) * reach, "\(name) differs by \(error) of \(reach)")
        // One draw of next to no noise is an attack on the classifier itself.
        var single = loss
        (single.draws, single.sigma) = (1, 1e-12)
        let plain = loss.attack.ascend(from: shard.images, passes, maximising: .crossEntropy).array
        let nearly = single.perturb(
            shard.images, passes, NormalNoise(shard, deviation: single.sigma, draws: 1)
        ).array
        let still = zip(plain, nearly).count { abs($0 - $1) < 1e-5 }
        #expect(Double(still) > 0.99 * Double(plain.count))
    }

    @Test(arguments: ["l2", "linf"], ["ce-eval", "ce-train", "kl-eval", "kl-train"])
    func innerAttacksGoTheSameWay(_ norm: String, _ rest: String) throws {
        let name = "attack.\(norm)-\(rest)"
        let attack: InnerAttack = try Configuration.read(text: file.metadata[name] ?? "", source: name)
        let parameters = state.tensors(of: state.parameters)
        let before = Array(UnsafeBufferPointer(start: state.statistics.pointer, count: state.statistics.count))
        let perturbed = attack.ascend(
            from: try Self.tensor("start." + norm, file, pool),
            ShardPasses(shard, state, parameters: parameters, .training),
            maximising: rest.hasPrefix("ce") ? .crossEntropy : .divergence)

        let expected = try Self.tensor("expect." + name, file, pool).array
        let error = zip(perturbed.array, expected).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
        let reach = zip(shard.images.array, expected).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
        // The projection may stay inside the ball by a share of 1e-8.
        #expect(error <= max(Self.tolerance, 1e-7) * reach, "\(name) differs by \(error) of \(reach)")
        let after = Array(UnsafeBufferPointer(start: state.statistics.pointer, count: state.statistics.count))
        #expect(before == after, "an attack has changed the running statistics")
    }
}

extension LossTests {
    /// Without noise to speak of it is the fast gradient sign method, whose step PyTorch has taken in the first of an
    /// attack's; with noise images end up beyond the ball of one step, within the box and the ball of both.
    @Test func noisyStepsAreNotBroughtBack() throws {
        let passes = ShardPasses(shard, state, parameters: state.tensors(of: state.parameters), .training)
        var loss = NoisyFastGradientSign()
        loss.epsilon = PixelDistance(0.03)
        loss.statistics = .eval
        loss.noise = 1e-9
        var plain = InnerAttack(start: .image)
        (plain.norm, plain.epsilon, plain.steps, plain.stepSize) = (.linf, loss.epsilon, 1, loss.epsilon)
        let step = plain.ascend(from: shard.images, passes, maximising: .crossEntropy).array
        let still = zip(loss.perturb(passes).array, step).count { abs($0 - $1) < 1e-6 }
        // A gradient next to zero changes its sign with anything.
        #expect(Double(still) > 0.99 * Double(step.count))

        loss.noise = 2
        let perturbed = loss.perturb(passes).array
        #expect(perturbed == loss.perturb(passes).array)
        #expect(perturbed.allSatisfy { $0 >= 0 && $0 <= 1 })
        let moves = zip(perturbed, shard.images.array).map { abs(Double($0) - Double($1)) }
        #expect((moves.max() ?? 0) <= 0.09 + 1e-6)
        // Of noise in [-2, 2] and a step of 1, a quarter is beyond 2, less what the box cuts.
        let far = Double(moves.count { $0 > 0.06 }) / Double(moves.count)
        #expect(far > 0.2 && far < 0.27, "\(far)")
    }
}

extension LossTests {
    /// Noise belongs to the image and the epoch; beyond it the loss is the one that a network has without noise.
    @Test func noisyImagesAreClassifiedAsAnyOthers() throws {
        var loss = GaussianNoise()
        loss.sigma = 0.3
        func labelled(_ images: Tensor, epoch: Int = 0) -> LabelledImages {
            LabelledImages(
                images: images, labels: shard.labels,
                keys: ImageKeys(seed: 3, epoch: epoch, indices: Array(shard.labels.indices)))
        }
        let own = labelled(shard.images), noisy = loss.noisy(own)
        let noise = zip(noisy.array, own.images.array).map { Double($0) - Double($1) }
        let mean = noise.reduce(0, +) / Double(noise.count)
        let deviation = (noise.reduce(0) { $0 + $1 * $1 } / Double(noise.count)).squareRoot()
        // Four deviations of each estimate.
        let wide = 4 * 0.3 / Double(noise.count).squareRoot()
        #expect(abs(mean) < wide && abs(deviation - 0.3) < wide, "\(mean), \(deviation)")
        #expect(noisy.array == loss.noisy(own).array)
        #expect(noisy.array != loss.noisy(labelled(shard.images, epoch: 1)).array)

        func found(_ objective: ClassificationObjective, _ shard: LabelledImages) -> [[Scalar]] {
            var gradients: [[Scalar]] = []
            let result = objective.evaluate(shard, state, batch: shard.labels.count) { gradients.append($1.array) }
            return [[result.loss]] + gradients
        }
        let plain = ClassificationObjective(AlignedGradients())
        #expect(found(ClassificationObjective(loss), own) == found(plain, labelled(noisy)))
    }
}

extension LossTests {
    /// The copies that a loss makes itself: draws differ, the first is that of gaussian-noise, and an image's are its own.
    @Test func noisyCopiesBelongToTheirImages() throws {
        func passes(_ rows: [Int]) -> ShardPasses {
            let size = shard.images.shape.dropFirst().count
            let images = Tensor([rows.count, 8, 8, 3], in: pool) { out in
                for (place, row) in rows.enumerated() {
                    (out + place * size).update(from: shard.images.pointer + row * size, count: size)
                }
            }
            return ShardPasses(
                LabelledImages(
                    images: images, labels: rows.map { shard.labels[$0] },
                    keys: ImageKeys(seed: 3, epoch: 1, indices: rows)),
                state, parameters: state.tensors(of: state.parameters), .training)
        }
        let all = passes([0, 1, 2, 3, 4, 5])
        var adversarial = SmoothAdversarial()
        adversarial.attack.steps = 2
        var consistency = Consistency()
        consistency.draws = 3
        #expect(consistency.copies(all)[0].array == GaussianNoise().noisy(all.shard).array)
        for loss in [adversarial, consistency] as [any NoisyCopiesLoss] {
            let together = loss.copies(all).map(\.array)
            #expect(together.count == (loss is Consistency ? 3 : 2))
            #expect(together[0] != together[1])
            let apart = [[0, 1], [2], [3, 4, 5]].map { loss.copies(passes($0)).map(\.array) }
            for (draw, copy) in together.enumerated() { #expect(copy == apart.flatMap { $0[draw] }) }
        }
        // Both copies are of one image, which the attack has moved as far as it goes.
        let moves = adversarial.copies(all).enumerated().map { draw, copy in
            let noise = NormalNoise(all.shard, deviation: 0.25, draws: 2).added(to: all.shard.images, draw: draw)
            return zip(copy.array, noise.array).map { Double($0) - Double($1) }
        }
        #expect(zip(moves[0], moves[1]).allSatisfy { abs($0 - $1) < 1e-6 })
        for row in 0..<6 {
            let squares = moves[0][row * 192..<(row + 1) * 192].reduce(0) { $0 + $1 * $1 }
            #expect(squares > 0.01 && squares.squareRoot() < 0.5 + 1e-6)
        }
    }
}

/// A loss of copies that are given.
private struct GivenCopies: NoisyCopiesLoss {
    var base: any NoisyCopiesLoss = GaussianNoise()
    var copies: [Tensor] = []

    init() {}
    init(base: any NoisyCopiesLoss, copies: [Tensor]) {
        self.base = base
        self.copies = copies
    }
    mutating func visit(_ fields: inout FieldVisitor) throws {}
    var title: String { base.title }
    var figures: [StepFigure] { base.figures }

    func copies(_ passes: ShardPasses) -> [Tensor] { copies }
    func callAsFunction(_ passes: inout ShardPasses, copies: [Tensor]) -> Tensor { base(&passes, copies: copies) }
}

/// An adversarial loss whose attack is already done.
private struct Given: ClassificationLoss {
    var base: any AdversarialLoss = AdversarialTraining()
    var perturbed: Tensor?

    init() {}
    init(base: any AdversarialLoss, perturbed: Tensor) {
        self.base = base
        self.perturbed = perturbed
    }
    mutating func visit(_ fields: inout FieldVisitor) throws {}
    var title: String { base.title }
    var figures: [StepFigure] { base.figures }

    func callAsFunction(_ passes: inout ShardPasses) -> Tensor {
        perturbed.map { base(&passes, perturbed: $0) } ?? base(&passes)
    }
}
