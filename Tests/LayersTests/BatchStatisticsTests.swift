import Autodiff
import Kernels
import Layers
import Testing

/// What BatchNorm's statistics are in a differentiation pass, on a network with two of them.
@Suite struct BatchStatisticsTests {
    private static let classes = 4
    private static let images: Shape = [3, 4, 3, 2]

    private let pool = MemoryPool()
    private let network = Bench { builder in
        Sequential([
            Conv2d(2, 3, kernel: 3, padding: 1, in: &builder),
            builder.scope("bn1") { BatchNorm2d(3, in: &$0) },
            Activation.silu,
            builder.scope("conv2") { Conv2d(3, 4, kernel: 3, stride: 2, padding: 1, in: &$0) },
            builder.scope("bn2") { BatchNorm2d(4, in: &$0) },
            Activation.gelu,
            GlobalAveragePool(),
            builder.scope("head") { Linear(4, Self.classes, in: &$0) },
        ])
    }
    private let start: [Tensor]
    private let images: Tensor

    init() {
        start = network.builder.parameters.enumerated().map { [pool] in
            random($1.shape, salt: UInt64($0), in: pool)
        }
        images = random(Self.images, salt: 50, in: pool)
    }

    /// One-hot cotangents [classes, images, classes].
    private func seeds(_ classes: Range<Int>) -> Tensor {
        let rows = classes.flatMap { label in
            (0..<Self.images[0]).flatMap { _ in (0..<Self.classes).map { Scalar($0 == label ? 1 : 0) } }
        }
        return Tensor([classes.count, Self.images[0], Self.classes], rows, in: pool)
    }

    /// The gradients at the images for every class, [classes, images...].
    private func shared(_ statistics: BatchStatistics, _ parameters: [Tensor]) -> Tensor {
        let x = images.variable
        return gradients(
            of: network(x, parameters).output.logSoftmax(), seed: seeds(0..<Self.classes), with: [x], recording: true,
            statistics: statistics)[0]
    }

    /// Some function of the gradients whose own gradient in the parameters is taken.
    private func loss(_ inputGradients: Tensor) -> Tensor {
        let weights = random(inputGradients.shape, salt: 60, in: pool)
        return (inputGradients * inputGradients * weights).total() + (inputGradients * weights).total()
    }

    private func difference(_ a: Tensor, _ b: Tensor) -> Double {
        zip(a.array, b.array).reduce(0) { max($0, Double(abs($1.0 - $1.1))) }
    }

    /// The batch holds every image once a class, and each copy's gradient is taken for its class.
    @Test func repeatedIsARepeatedBatch() {
        let parameters = start.map(\.variable), result = shared(.repeated, parameters)
        let copies = Tensor(
            [Self.classes * Self.images[0]] + Self.images.dropFirst(),
            (0..<Self.classes).flatMap { _ in images.array }, in: pool
        ).variable
        let z = network(copies, parameters).output.logSoftmax()
        let seed = seeds(0..<Self.classes).reshaped(z.shape)
        let expected = gradients(of: z, seed: seed, with: [copies], recording: true)[0]
            .reshaped([Self.classes] + Self.images)
        expectAgreement([result], [expected])
        expectAgreement(
            gradients(of: loss(result), with: parameters), gradients(of: loss(expected), with: parameters),
            within: 10 * identityTolerance)
    }

    @Test func perClassIsALoopOverClasses() {
        let parameters = start.map(\.variable), result = shared(.perClass, parameters)
        let x = images.variable, z = network(x, parameters).output.logSoftmax()
        let rows = (0..<Self.classes).map { label in
            gradients(of: z, seed: seeds(label..<(label + 1)).reshaped(z.shape), with: [x], recording: true)[0]
        }
        let stacked = rows.enumerated().map { label, row in
            row.reshaped([1] + Self.images).embedded(at: label, of: Self.classes, axis: -5)
        }
        let expected = stacked.dropFirst().reduce(stacked[0], +)
        expectAgreement([result], [expected])
        expectAgreement(
            gradients(of: loss(result), with: parameters), gradients(of: loss(expected), with: parameters),
            within: 10 * identityTolerance)
    }

    /// In the gradient at the images the statistics are constants: as in inference with this batch's statistics.
    @Test func frozenIsConstantStatistics() throws {
        let result = shared(.frozen, start)
        let counts = [Self.images[0] * 4 * 3, Self.images[0] * 2 * 2]
        let seen = try zip(network(images, start).seen, counts).map { statistics, count in
            let statistics = try #require(statistics)
            return ForwardContext.SeenStatistics(
                mean: statistics.mean, variance: statistics.variance * (Scalar(count - 1) / Scalar(count)))
        }
        let x = images.variable
        let z = network(x, start, .inference, running: seen).output.logSoftmax()
        let expected = gradients(of: z, seed: seeds(0..<Self.classes), with: [x])[0]
        expectAgreement([result], [expected])
    }

    /// An image's frozen gradient does not see the cotangents of its neighbours.
    @Test func frozenGradientsAreEachImagesOwn() {
        let x = images.variable, z = network(x, start).output
        let all = gradients(of: z, with: [x], statistics: .frozen)[0]
        let one = Tensor(z.shape, (0..<z.shape.count).map { $0 < Self.classes ? 1 : 0 }, in: pool)
        let first = gradients(of: z, seed: one, with: [x], statistics: .frozen)[0]
        let image = Self.images.dropFirst().count
        #expect(first.array.prefix(image) == all.array.prefix(image))
        #expect(first.array.dropFirst(image).allSatisfy { $0 == 0 })
        let coupled = gradients(of: z, seed: one, with: [x])[0]
        #expect(coupled.array.dropFirst(image).contains { $0 != 0 })
    }

    @Test func modesDiffer() {
        let results = BatchStatistics.allCases.map { shared($0, start) }
        for a in results.indices { for b in 0..<a { #expect(difference(results[a], results[b]) > 1e-3) } }
    }

    /// With one class there is nothing to couple.
    @Test func repeatedOnceIsPerClass() {
        let x = images.variable, z = network(x, start).output
        let (a, b) = (
            gradients(of: z, seed: seeds(1..<2), with: [x], statistics: .repeated)[0],
            gradients(of: z, seed: seeds(1..<2), with: [x], statistics: .perClass)[0]
        )
        expectAgreement([a], [b])
    }

    /// The derivative of each mode's gradients in the parameters, statistics included.
    @Test(.enabled(if: isDouble), arguments: BatchStatistics.allCases)
    func secondOrderAgainstDifferences(_ statistics: BatchStatistics) {
        let parameters = start.map(\.variable)
        let gradient = gradients(of: loss(shared(statistics, parameters)), with: parameters)
        let direction = start.enumerated().map { random($1.shape, salt: 70 + UInt64($0), in: pool) }
        func value(_ t: Double) -> Double {
            Double(loss(shared(statistics, zip(start, direction).map { $0 + $1 * Scalar(t) })).item)
        }
        let step = 1e-4
        let expected = (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step)
        let slope = zip(gradient, direction).reduce(0) { $0 + Double(($1.0 * $1.1).total().item) }
        expectAgreement([Scalar(slope)], [expected], within: 1e-7)
    }
}
