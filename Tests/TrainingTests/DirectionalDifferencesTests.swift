import Autodiff
import Configuration
import Failures
import Figures
import Kernels
import Layers
import Models
import Randomness
import Testing
import Training

/// The alignment term by differences, against loops over the network's values and against exact input gradients.
@Suite struct DirectionalDifferencesTests {
    private let helper = ObjectiveTests()
    private let keys = ImageKeys(seed: 11, epoch: 2, indices: [7, 1, 30, 4, 9])

    private func objective(_ fields: String, statistics: StatisticsMode = .eval) throws -> ClassificationObjective {
        let settings: AlignmentConfiguration = try Configuration.read(
            text: "{method: differences, statistics: \(statistics.rawValue), \(fields)}", source: "test")
        return ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 0.7, gradient: .logprob, statistics: statistics),
            by: settings.method)
    }

    /// Two classes an image, of four; the second image's first target says nothing.
    private func shard() -> LabelledImages {
        let classes = [[0, 1, 2, 3, 1], [3, 2, 0, 1, 2]]
        let drawn = helper.random([2, 5, 6, 6, 1], 2, signed: true)
        let targets = Tensor(drawn.shape, in: helper.pool) { out in
            for i in 0..<360 { out[i] = (36..<72).contains(i) ? 0 : drawn.pointer[i] }
        }
        return LabelledImages(
            images: helper.random([5, 6, 6, 1], 1), labels: [0, 1, 2, 3, 1], targets: targets, classes: classes,
            keys: keys)
    }

    /// Those of the images, as the term draws them, by loops.
    private func directions(_ count: Int) -> [[[Double]]] {
        (0..<5).map { image in
            var stream = keys.stream(.alignmentDirections, row: image)
            return (0..<count).map { _ in unit((0..<36).map { _ in stream.normal() }) }
        }
    }

    private func unit(_ vector: [Double]) -> [Double] {
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return norm == 0 ? vector : vector.map { $0 / norm }
    }

    /// Cross-entropy and term of the shard, by loops over the values at moved images.
    private func expected(
        _ state: ModelState, _ shard: LabelledImages, count: Int, distance: Double, _ mode: ForwardContext.Mode
    ) throws -> Double {
        func values(_ moves: [[Double]]?) -> [[Double]] {
            let images = Tensor(shard.images.shape, in: helper.pool) { out in
                for i in 0..<180 {
                    let move = moves.map { Scalar($0[i / 36][i % 36]) * Scalar(distance) } ?? 0
                    out[i] = shard.images.pointer[i] + move
                }
            }
            var context = state.context(mode, parameters: state.tensors(of: state.parameters))
            let z = state.model(images, &context).logSoftmax().array.map { Double($0) }
            return (0..<5).map { Array(z[($0 * 4)..<($0 * 4 + 4)]) }
        }
        let clean = values(nil), drawn = directions(count), targets = try #require(shard.targets)
        let along = (0..<count).map { number in values(drawn.map { $0[number] }) }
        var loss = 0.0
        for image in 0..<5 { loss -= clean[image][shard.labels[image]] / 5 }
        for row in 0..<2 {
            let vectors = (0..<5).map { image in
                unit((0..<36).map { Double(targets.pointer[(row * 5 + image) * 36 + $0]) })
            }
            let moved = values(vectors)
            for image in 0..<5 {
                let target = shard.classes[row][image]
                let rise = (moved[image][target] - clean[image][target]) / distance
                var square = rise * rise
                for number in 0..<count {
                    let shared = zip(drawn[image][number], vectors[image]).reduce(0) { $0 + $1.0 * $1.1 }
                    let slope = (along[number][image][target] - clean[image][target]) / distance
                    square += 36 / Double(count) * (slope - shared * rise) * (slope - shared * rise)
                }
                let saysNothing = vectors[image].allSatisfy { $0 == 0 }
                loss += 0.7 / 5 * 2 * (1 - (saysNothing ? 0 : rise / square.squareRoot()))
            }
        }
        return loss
    }

    private static let isDouble = Scalar.ulpOfOne < 1e-10

    @Test(arguments: [StatisticsMode.eval, .perClass], [1, 3])
    func lossIsThatOfLoops(_ statistics: StatisticsMode, _ count: Int) throws {
        let state = helper.network(), shard = shard()
        let objective = try objective("distance: 0.25, directions: \(count)", statistics: statistics)
        let result = objective.evaluate(shard, state, batch: 5).result
        let loss = try expected(
            state, shard, count: count, distance: 0.25, statistics == .eval ? .inference : .training)
        #expect(abs(Double(result.loss) - loss) < (Self.isDouble ? 1e-12 : 1e-4), "\(result.loss) for \(loss)")
        #expect(result.figures[.emptyTargets].sum == 1 && result.figures[.cosine].count == 10)
    }

    @Test(arguments: [StatisticsMode.eval, .perClass])
    func gradientsAreThoseOfTheLoss(_ statistics: StatisticsMode) throws {
        let state = helper.network(), shard = shard(), step = Self.isDouble ? 1e-5 : 1e-2
        let mode: ForwardContext.Mode = statistics == .eval ? .inference : .training
        let objective = try objective("distance: 0.25, directions: 2", statistics: statistics)
        let gradients = objective.evaluate(shard, state, batch: 5).gradients.flatMap(\.array)
        var stream = RandomStream(seed: 8, purpose: .test)
        let direction = unit(gradients.map { _ in stream.normal() })
        let slope = zip(gradients, direction).reduce(0) { $0 + Double($1.0) * $1.1 }
        func loss(_ distance: Double) throws -> Double {
            let start = state.tensors(of: state.parameters).flatMap(\.array)
            defer { for i in start.indices { state.parameters.pointer[i] = start[i] } }
            for i in start.indices { state.parameters.pointer[i] += Scalar(distance * direction[i]) }
            return try expected(state, shard, count: 2, distance: 0.25, mode)
        }
        let difference = (try loss(step) - loss(-step)) / (2 * step)
        let error = abs(slope - difference), bound = (Self.isDouble ? 1e-7 : 2e-2) * max(1, abs(slope))
        #expect(error < bound, "\(slope) for \(difference)")
    }

    @Test func manySmallDifferencesAreTheCosine() throws {
        let state = helper.network(), shard = shard()
        let exact = ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 0.7, gradient: .logprob, statistics: .eval)
        ).evaluate(shard, state, batch: 5).result
        let estimated = try objective("distance: 0.01, directions: 1000").evaluate(shard, state, batch: 5).result
        for (figure, tolerance) in [(Figure.alignment, 0.05), (.inputGradientNorm, 0.05)] {
            let (a, b) = (try #require(exact.figures[figure].value), try #require(estimated.figures[figure].value))
            #expect(abs(a - b) < tolerance * max(a, 0.05), "\(figure.name): \(b) for \(a)")
        }
        let cosines = [exact, estimated].map { $0.figures[.cosine].sum }
        #expect(abs(cosines[0] - cosines[1]) < 0.3, "\(cosines)")
    }

    @Test func frozenStatisticsAreRefused() {
        let failure = #expect(throws: Failure.self) {
            let _: AlignmentConfiguration = try Configuration.read(text: "{method: differences}", source: "test")
        }
        #expect(failure?.description.contains("statistics: per-class, or eval") == true)
    }
}
