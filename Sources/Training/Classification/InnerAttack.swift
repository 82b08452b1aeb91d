import Autodiff
import Configuration
import Kernels
import Layers
import Models
import Perturbations

/// Projected gradient ascent on the images of a shard while the network trains (Madry et al. 2018), with constant
/// parameters. What it finds for an image depends on the image, its keys and, with batch statistics, its shard.
public struct InnerAttack: Configurable {
    /// Where the ascent begins.
    public enum Start: Sendable, CaseIterable {
        /// A point drawn uniformly from the ball (`true`).
        case ball
        /// The image and normal noise of deviation 0.001, as the code of Zhang et al. 2019 has it.
        case small
        /// The image itself (`false`).
        case image
    }
    /// BatchNorm's statistics while the attack runs. What it sees is never committed.
    public enum Statistics: String, Sendable, CaseIterable { case train, eval }
    /// What is made large, with p the network's probabilities.
    public enum Goal: Sendable {
        /// -log p_y(x')
        case crossEntropy
        /// KL(p(x) || p(x')) with p(x) a constant
        case divergence
    }

    /// Of the ball around an image.
    public var norm = ThreatModel.Norm.l2
    /// Its radius.
    public var epsilon = PixelDistance(0.5)
    /// Of the ascent.
    public var steps = 10
    /// null: 2.5 epsilon / steps; for a single step epsilon, or 1.25 epsilon from a random point of the ball, as the
    /// fast gradient sign method (Wong et al. 2020).
    public var stepSize: PixelDistance?
    /// Where it begins.
    public var start = Start.ball
    /// BatchNorm's, on the way.
    public var statistics = Statistics.eval

    public init() {}
    /// With the defaults of a loss that begins its attacks there.
    public init(start: Start) { self.start = start }

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("norm", &norm)
        try fields.value("epsilon", &epsilon, check: .positive)
        try fields.value("steps", &steps, in: 1...1000)
        try fields.optional("stepSize", &stepSize, check: .positive)
        try fields.value("randomStart", &start)
        try fields.value("statistics", &statistics)
    }

    /// "l2 0.5, 10 steps"
    public var title: String { "\(norm.rawValue) \(epsilon), \(steps) step\(steps == 1 ? "" : "s")" }

    /// In units of images in [0, 1].
    public var stepLength: Double {
        if let stepSize { return stepSize.value }
        if steps > 1 { return 2.5 * epsilon.value / Double(steps) }
        return start == .ball ? 1.25 * epsilon.value : epsilon.value
    }

    /// The shard's images, perturbed within the threat. An image becomes NaN throughout where a gradient on its way was
    /// not finite: so the loss is not finite either, and the step is refused instead of taken without its attack.
    public func callAsFunction(_ passes: ShardPasses, maximising goal: Goal) -> Tensor {
        ascend(from: startingPoints(passes), passes, maximising: goal)
    }

    /// All steps from given points, [B, H, W, C], which the threat must allow.
    public func ascend(from points: Tensor, _ passes: ShardPasses, maximising goal: Goal) -> Tensor {
        var natural: Tensor?
        return ascend(from: points, passes) { images, mode in
            if natural == nil, goal == .divergence {
                natural = passes.logProbabilities(of: passes.shard.images, mode).exponential()
            }
            // The derivative of either goal by the logits.
            return passes.inputGradient(of: images, mode) { logits in
                logits.logSoftmax().exponential() - (natural ?? oneHot(passes.shard.labels, logits))
            }
        }
    }

    /// The same on a function of one's own.
    /// - Parameter gradient: its derivative by images, given them and how the network runs, [B, H, W, C].
    func ascend(
        from points: Tensor, _ passes: ShardPasses, along gradient: (Tensor, ForwardContext.Mode) -> Tensor
    ) -> Tensor {
        let originals = passes.shard.images, threat = threat(on: passes.shard)
        let mode: ForwardContext.Mode = statistics == .train ? .training : .inference
        var images = points
        for _ in 0..<steps { images = step(images, along: gradient(images, mode), originals, threat) }
        return images
    }

    private func threat(on shard: LabelledImages) -> ThreatModel {
        ThreatModel(norm: norm, epsilon: epsilon.value, box: ThreatModel.box(range: shard.range))
    }

    private func step(_ images: Tensor, along gradient: Tensor, _ originals: Tensor, _ threat: ThreatModel) -> Tensor {
        let size = images.shape.dropFirst().count, length = stepLength
        return Tensor(images.shape, in: images.pool) { out in
            out.update(from: images.pointer, count: images.shape.count)
            for row in 0..<images.shape[0] {
                let image = out + row * size, direction = gradient.pointer + row * size
                guard image[0].isFinite, contiguousSum(size, direction).isFinite else {
                    image.update(repeating: .nan, count: size)
                    continue
                }
                threat.step(size, image, along: direction, length: length)
                threat.project(size, image, original: originals.pointer + row * size)
            }
        }
    }

    /// Where the ascent begins, [B, H, W, C].
    func startingPoints(_ passes: ShardPasses) -> Tensor {
        let originals = passes.shard.images, threat = threat(on: passes.shard)
        guard start != .image else { return originals }
        let size = originals.shape.dropFirst().count
        return Tensor(originals.shape, in: originals.pool) { out in
            for row in 0..<originals.shape[0] {
                let image = out + row * size, original = originals.pointer + row * size
                var stream = passes.shard.keys.stream(.innerAttack, row: row)
                if start == .ball {
                    image.update(from: original, count: size)
                    threat.moveRandomly(size, image, original: original, &stream)
                } else {
                    for i in 0..<size { image[i] = original[i] + Scalar(0.001 * stream.normal()) }
                    threat.project(size, image, original: original)
                }
            }
        }
    }
}

extension InnerAttack.Start: ConfigScalar {
    public init(configScalar: ScalarText) throws(ScalarMismatch) {
        guard let known = Self.allCases.first(where: { $0.configScalar.text == configScalar.text }) else {
            throw ScalarMismatch("is not one of true, false, small")
        }
        self = known
    }
    public var configScalar: ScalarText {
        switch self {
        case .ball: ScalarText("true", isQuoted: false)
        case .small: ScalarText("small", isQuoted: true)
        case .image: ScalarText("false", isQuoted: false)
        }
    }
}
