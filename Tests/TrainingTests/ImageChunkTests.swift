import Autodiff
import Configuration
import Kernels
import Layers
import Models
import Randomness
import Testing
import Training

/// Chunks of images where their number is that of something else: channels, classes, tokens, heads, pixels.
@Suite struct ImageChunkTests {
    enum Network: String, CaseIterable {
        case batchNorm, groupNorm, layerNorm, noNorm, perceptron, transformer

        /// For images of 4 x 4 pixels with 4 classes.
        var architecture: any Architecture {
            var convolutional = ResNet()
            convolutional.widths = [4, 8]
            convolutional.blocks = [1, 1]
            convolutional.activation = .gelu
            switch self {
            case .batchNorm: convolutional.norm = .batch
            case .groupNorm: convolutional.norm = .group
            case .layerNorm: convolutional.norm = .layer
            case .noNorm: convolutional.norm = .none
            case .perceptron:
                var perceptron = MultilayerPerceptron()
                perceptron.hidden = [4, 8]
                perceptron.activation = .silu
                return perceptron
            case .transformer:
                var transformer = VisionTransformer()
                (transformer.patch, transformer.layers, transformer.heads) = (2, 2, 4)
                (transformer.hidden, transformer.mlpHidden) = (8, 4)
                return transformer
            }
            return convolutional
        }
    }

    private func random(_ shape: Shape, _ key: UInt64, in pool: MemoryPool) -> Tensor {
        var stream = RandomStream(seed: 6, purpose: .test, key)
        return Tensor(shape, in: pool) { out in for i in 0..<shape.count { out[i] = Scalar(stream.uniform()) } }
    }

    private func state(_ network: Network, in pool: MemoryPool) -> ModelState {
        func model(_ architecture: some Architecture) -> Model {
            Model(
                architecture, normalisation: InputNormalisation(mean: [0.5], deviation: [0.3]), input: [4, 4, 1],
                classes: 4)
        }
        return ModelState(initialising: model(network.architecture), seed: 3, in: pool)
    }

    /// Five is a transformer's tokens, four everything else, eight the wider layers.
    @Test(arguments: Network.allCases, [2, 4, 5, 8])
    func theirNumberMayBeThatOfAnything(_ network: Network, _ batch: Int) {
        let pool = MemoryPool(), state = state(network, in: pool)
        let shard = LabelledImages(
            images: random([batch, 4, 4, 1], 1, in: pool), labels: (0..<batch).map { $0 % 4 },
            targets: random([4, batch, 4, 4, 1], 2, in: pool),
            classes: (0..<4).map { Array(repeating: $0, count: batch) })
        for (gradient, statistics) in [(GradientOf.logprob, StatisticsMode.frozen), (.logit, .eval)] {
            var objective = ClassificationObjective(
                AlignedGradients(), with: AlignmentTerm(weight: 0.7, gradient: gradient, statistics: statistics))
            objective.alignment?.imageChunk = batch
            let whole = objective.evaluate(shard, state, batch: batch)
            for (images, classes) in [(1, nil), (1, 1), (3, 2), (nil, nil)] {
                objective.alignment?.imageChunk = images
                objective.alignment?.classChunk = classes
                let chunked = objective.evaluate(shard, state, batch: batch)
                expectClose(chunked.gradients, whole.gradients)
                expectClose([chunked.result.inputGradients], [whole.result.inputGradients])
            }
        }
    }

    /// What a network keeps goes with the images in one chunk. (With batch statistics what it keeps are slopes, of all
    /// images until the end.)
    @Test(arguments: Network.allCases.filter { $0 != .batchNorm }) func chunksNeedLessMemory(_ network: Network) {
        let pool = MemoryPool(), state = state(network, in: pool), batch = 16
        let shard = LabelledImages(
            images: random([batch, 4, 4, 1], 1, in: pool), labels: Array(repeating: 0, count: batch),
            targets: random([4, batch, 4, 4, 1], 2, in: pool),
            classes: (0..<4).map { Array(repeating: $0, count: batch) })
        func peak(_ images: Int) -> Int {
            let objective = ClassificationObjective(
                AlignedGradients(),
                with: AlignmentTerm(
                    weight: 1, gradient: .logit, statistics: .frozen, imageChunk: images))
            pool.resetPeak()
            let before = pool.usage.live
            _ = objective.evaluate(shard, state, batch: batch)
            return pool.usage.peak - before
        }
        let whole = peak(batch), chunked = peak(2)
        #expect(4 * chunked < 3 * whole, "\(chunked) bytes with chunks, \(whole) without")
    }

    /// A network in which images meet: each is seen beside the mean of all, or gets numbers that belong to its place.
    struct Mixing: Architecture {
        enum Kind: Sendable { case mean, places }
        var kind = Kind.mean
        init() {}
        init(_ kind: Kind) { self.kind = kind }
        var predictsNoise: Bool { false }
        func problem(with input: Shape, classes: Int) -> String? { nil }
        mutating func visit(_ fields: inout FieldVisitor) throws {}

        private struct Meeting: Layer {
            let places: ParameterSlot?
            func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
                places.map { x * context[$0] } ?? x - x.mean(-4)
            }
        }
        func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
            let places = kind == .places ? builder.parameter("places", [4, 4, 4, 1], .normal) : nil
            return Sequential([
                Meeting(places: places), Flatten(), Linear(16, 8, in: &builder), Activation.gelu,
            ])
        }
    }

    @Test(arguments: [Mixing(.mean), Mixing(.places)]) func imagesThatMeetGoTogether(_ mixing: Mixing) {
        let pool = MemoryPool(), batch = 4
        let model = Model(
            mixing, normalisation: InputNormalisation(mean: [0.5], deviation: [0.3]), input: [4, 4, 1], classes: 8)
        let state = ModelState(initialising: model, seed: 3, in: pool)
        let shard = LabelledImages(
            images: random([batch, 4, 4, 1], 1, in: pool), labels: [0, 1, 2, 3],
            targets: random([8, batch, 4, 4, 1], 2, in: pool),
            classes: (0..<8).map { Array(repeating: $0, count: batch) })
        var objective = ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 0.7, gradient: .logprob, statistics: .frozen))
        let whole = objective.evaluate(shard, state, batch: batch)
        objective.alignment?.imageChunk = 1
        let asked = objective.evaluate(shard, state, batch: batch)
        #expect(asked.gradients.map(\.array) == whole.gradients.map(\.array))
        objective.alignment?.classChunk = 2
        expectClose(objective.evaluate(shard, state, batch: batch).gradients, whole.gradients)
    }

    private func expectClose(_ tensors: [Tensor?], _ expected: [Tensor?]) {
        let values = tensors.flatMap { $0?.array ?? [] }, wanted = expected.flatMap { $0?.array ?? [] }
        #expect(values.count == wanted.count && !values.isEmpty)
        let largest = wanted.reduce(0) { max($0, abs(Double($1))) }
        let difference = zip(values, wanted).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
        #expect(difference <= (Scalar.ulpOfOne > 1e-10 ? 1e-4 : 1e-11) * largest)
    }
}
