import Autodiff
import Kernels
import Layers
import Models
import Randomness
import Testing
import Training

/// Promises of the objective that no golden file covers.
@Suite struct ObjectiveTests {
    let pool = MemoryPool()

    func random(_ shape: Shape, _ key: UInt64, signed: Bool = false) -> Tensor {
        var stream = RandomStream(seed: 5, purpose: .test, key)
        return Tensor(shape, in: pool) { out in
            for i in 0..<shape.count { out[i] = Scalar(stream.uniform()) - (signed ? 0.5 : 0) }
        }
    }

    func network(_ activation: Activation = .gelu, norm: Normalisation = .batch) -> ModelState {
        var architecture = ResNet()
        architecture.widths = [4, 6]
        architecture.blocks = [1, 1]
        architecture.activation = activation
        architecture.norm = norm
        let model = Model(
            architecture, normalisation: InputNormalisation(mean: [0.5], deviation: [0.3]), input: [6, 6, 1], classes: 4
        )
        return ModelState(initialising: model, seed: 3, in: pool)
    }

    func shard(classes: [[Int]]) -> LabelledImages {
        LabelledImages(
            images: random([5, 6, 6, 1], 1), labels: [0, 1, 2, 3, 1],
            targets: random([classes.count, 5, 6, 6, 1], 2, signed: true), classes: classes)
    }

    var allClasses: [[Int]] { (0..<4).map { Array(repeating: $0, count: 5) } }

    func largestDifference(_ a: [Tensor], _ b: [Tensor]) -> Double {
        zip(a, b).flatMap { zip($0.array, $1.array).map { abs(Double($0) - Double($1)) } }.max() ?? .infinity
    }

    static let close = Scalar.ulpOfOne > 1e-10 ? 2e-5 : 1e-12

    @Test(arguments: [StatisticsMode.frozen, .perClass, .eval], [1, 2, 3])
    func chunksOfClassesGiveTheSameGradients(_ statistics: StatisticsMode, _ chunk: Int) {
        let state = network()
        let whole = ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 0.7, gradient: .logprob, statistics: statistics))
        var chunked = whole
        chunked.alignment?.classChunk = chunk
        let a = whole.evaluate(shard(classes: allClasses), state, batch: 5)
        let b = chunked.evaluate(shard(classes: allClasses), state, batch: 5)
        #expect(abs(Double(a.result.loss - b.result.loss)) < Self.close)
        #expect(largestDifference(a.gradients, b.gradients) < Self.close)
        // Frozen and eval take one stream less for the whole, and a stream a class for chunks.
        let rows = [a, b].map { [$0.result.inputGradients].compactMap(\.self) }
        #expect(largestDifference(rows[0], rows[1]) < Self.close)
    }

    @Test(arguments: [Activation.relu, .gelu], [(GradientOf.logprob, 4), (.logprob, 2), (.logit, 4)])
    func chunksOfImagesGiveTheSameGradients(_ activation: Activation, _ kind: (gradient: GradientOf, classes: Int)) {
        // Two classes that differ from image to image, or all.
        let classes = kind.classes == 4 ? allClasses : [[0, 1, 2, 3, 0], [3, 3, 1, 0, 2]]
        for statistics in [StatisticsMode.frozen, .eval] {
            let state = network(activation)
            let whole = ClassificationObjective(
                AlignedGradients(), with: AlignmentTerm(weight: 0.7, gradient: kind.gradient, statistics: statistics))
            let a = whole.evaluate(shard(classes: classes), state, batch: 5)
            for images in 1...3 {
                var chunked = whole
                chunked.alignment?.imageChunk = images
                chunked.alignment?.classChunk = images == 2 ? 1 : nil
                let b = chunked.evaluate(shard(classes: classes), state, batch: 5)
                #expect(abs(Double(a.result.loss - b.result.loss)) < Self.close)
                #expect(largestDifference(a.gradients, b.gradients) < Self.close)
                let rows = [a, b].map { [$0.result.inputGradients].compactMap(\.self) }
                #expect(largestDifference(rows[0], rows[1]) < Self.close)
                #expect(a.result.figures[.cosine].count == b.result.figures[.cosine].count)
            }
        }
    }

    @Test func chunksNeedLessMemory() {
        let state = network()
        // Twelve rows, so that what grows with the classes outweighs what all of them share.
        let rows = (0..<12).map { Array(repeating: $0 % 4, count: 5) }
        func peak(_ chunk: Int?) -> Int {
            var objective = ClassificationObjective(
                AlignedGradients(), with: AlignmentTerm(weight: 1, gradient: .logprob, statistics: .frozen))
            objective.alignment?.classChunk = chunk
            pool.resetPeak()
            let before = pool.usage.live
            _ = objective.evaluate(shard(classes: rows), state, batch: 5)
            return pool.usage.peak - before
        }
        let whole = peak(nil), single = peak(1)
        #expect(single < whole / 2, "\(single) bytes with chunks of one class, \(whole) with all")
    }

    @Test func memoryReturnsToItsLevelAfterAStep() {
        let state = network()
        let objective = ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 1, gradient: .logprob, statistics: .repeated))
        let images = shard(classes: allClasses)
        let before = pool.usage.live
        for _ in 0..<3 { _ = objective.evaluate(images, state, batch: 5) }
        #expect(pool.usage.live == before)
    }

    @Test func theGradientIsTheSlopeOfTheLoss() {
        // A finite difference along a random direction, in the build where one is exact enough.
        guard Scalar.ulpOfOne < 1e-10 else { return }
        let state = network()
        for statistics in [StatisticsMode.frozen, .perClass, .repeated, .eval] {
            let objective = ClassificationObjective(
                AlignedGradients(), with: AlignmentTerm(weight: 0.7, gradient: .logit, statistics: statistics))
            let gradients = objective.evaluate(shard(classes: allClasses), state, batch: 5).gradients
            let direction = gradients.enumerated().map { random($1.shape, UInt64(100 + $0), signed: true).array }
            let slope = zip(gradients, direction).reduce(0.0) { sum, pair in
                zip(pair.0.array, pair.1).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
            }
            func loss(_ step: Double) -> Double {
                let moved = state.parameters.pointer, flat = direction.flatMap(\.self)
                for (i, d) in flat.enumerated() { moved[i] += Scalar(step) * d }
                defer { for (i, d) in flat.enumerated() { moved[i] -= Scalar(step) * d } }
                return Double(objective.evaluate(shard(classes: allClasses), state, batch: 5).result.loss)
            }
            let difference = (loss(1e-5) - loss(-1e-5)) / 2e-5
            #expect(
                abs(difference - slope) < 1e-6 * max(1, abs(slope)), "\(statistics): \(difference) against \(slope)")
        }
    }

    @Test func drawnClassesAreScaledToAll() {
        let state = network()
        let objective = ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 1, gradient: .logprob, statistics: .frozen))
        let all = objective.evaluate(shard(classes: allClasses), state, batch: 5)
        let targets = shard(classes: allClasses).targets
        // The mean over the four single classes of the scaled term is the whole term.
        let single = (0..<4).map { k in
            objective.evaluate(
                LabelledImages(
                    images: random([5, 6, 6, 1], 1), labels: [0, 1, 2, 3, 1], targets: targets?.rows(k..<(k + 1)),
                    classes: [Array(repeating: k, count: 5)]), state, batch: 5
            ).result.figures[.alignment].sum
        }
        #expect(abs(single.reduce(0, +) / 4 - all.result.figures[.alignment].sum) < 1e-4)
    }

    @Test func zeroGradientsAreCountedAndHarmless() {
        let state = network()
        state.parameters.pointer.update(repeating: 0, count: state.parameters.count)
        let (result, gradients) = ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 1, gradient: .logit, statistics: .frozen)
        )
        .evaluate(shard(classes: allClasses), state, batch: 5)
        #expect(result.figures[.zeroGradients].sum == 20)
        #expect(result.loss.isFinite)
        #expect(gradients.allSatisfy { $0.array.allSatisfy(\.isFinite) })
    }

    @Test(arguments: Normalisation.allCases) func everyNormalisationTrains(_ norm: Normalisation) {
        let state = network(.silu, norm: norm)
        let (result, gradients) = ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 1, gradient: .logprob, statistics: .perClass)
        )
        .evaluate(shard(classes: allClasses), state, batch: 5)
        #expect(gradients.count == state.model.parameters.count)
        #expect(gradients.contains { $0.array.contains { $0 != 0 } })
        #expect(result.seen.allSatisfy { $0 != nil } == true)
    }
}
