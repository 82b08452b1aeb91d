import Autodiff
import Kernels
import Testing

/// The whole path of the training step on a small network: gradients at the images for every class, their cosines to
/// targets, and the derivative of those in the parameters.
@Suite struct SecondOrderNetworkTests {
    private static let classes = 3
    private static let images: Shape = [2, 5, 4, 2]
    private static let parameters: [Shape] = [[3, 3, 3, 2], [3], [4, 3, 3, 3], [classes, 4], [classes]]

    private let pool = MemoryPool()
    private let images: Tensor
    private let targets: Tensor
    private let start: [Tensor]

    init() {
        images = random(Self.images, salt: 1, in: pool)
        targets = random([Self.classes] + Self.images, salt: 2, in: pool)
        start = Self.parameters.enumerated().map { [pool] in random($1, salt: UInt64(3 + $0), in: pool) }
    }

    private func logProbabilities(_ x: Tensor, _ p: [Tensor]) -> Tensor {
        let first = (x.convolved(with: p[0], .init(stride: 1, padding: 1)) + p[1]).activated(by: .gelu)
        let second = first.convolved(with: p[2], .init(stride: 2, padding: 1)).activated(by: .silu)
        let features = second.mean(-3, -2).reshaped([x.shape[0], 4])
        return (features.linear(p[3]) + p[4]).logSoftmax()
    }

    /// One-hot rows of class `label` for every image.
    private func seed(_ label: Int) -> Tensor {
        let row = (0..<Self.classes).map { Scalar($0 == label ? 1 : 0) }
        return Tensor([2, Self.classes], row + row, in: pool)
    }
    private var seeds: Tensor {
        Tensor([Self.classes, 2, Self.classes], (0..<Self.classes).flatMap { seed($0).array }, in: pool)
    }

    private func distance(_ inputGradients: Tensor) -> Tensor {
        let norm = (inputGradients * inputGradients).sum(-3, -2, -1).squareRoot(epsilon: 1e-12)
        let targetNorm = (targets * targets).sum(-3, -2, -1).squareRoot()
        return (-(inputGradients * targets).sum(-3, -2, -1) / norm / targetNorm + 1).total()
    }

    private func inputGradients(_ parameters: [Tensor]) -> Tensor {
        let x = images.variable
        return gradients(of: logProbabilities(x, parameters), seed: seeds, with: [x], recording: true)[0]
    }

    @Test func reverseOverReverseEqualsDoubleTranspose() {
        let parameters = start.map(\.variable), x = images.variable
        let z = logProbabilities(x, parameters)
        let inputGradient = gradients(of: z, seed: seeds, with: [x], recording: true)[0]
        let loss = distance(inputGradient)
        let direct = gradients(of: loss, with: parameters)

        // dL/dp = d<V, G>/dp with V = dL/dG held constant, and <V_c, G_c> = <e_c, J V_c>.
        let constant = gradients(of: loss, with: [inputGradient])[0]
        var forwardOver: Tensor?
        for label in 0..<Self.classes {
            let u = Tensor(z.shape, repeating: 0, in: pool).variable
            let pulledBack = gradients(of: z, seed: u, with: [x], recording: true)[0]
            let direction = constant.rows(label..<(label + 1)).reshaped(images.shape)
            let pushedForward = gradients(of: pulledBack, seed: direction, with: [u], recording: true)[0]
            let term = (pushedForward * seed(label)).total()
            forwardOver = forwardOver.map { $0 + term } ?? term
        }
        guard let forwardOver else { return }
        expectAgreement(gradients(of: forwardOver, with: parameters), direct, within: 10 * Tolerance.identity)
    }

    @Test func classesTogetherEqualALoop() {
        let parameters = start.map(\.variable), together = inputGradients(parameters)
        let loss = gradients(of: distance(together), with: parameters)
        let x = images.variable, z = logProbabilities(x, parameters)
        let rows = (0..<Self.classes).map { gradients(of: z, seed: seed($0), with: [x], recording: true)[0] }
        let stacked = rows.enumerated().map { row, gradient in
            gradient.reshaped([1] + images.shape).embedded(at: row, of: Self.classes, axis: -5)
        }
        let loop = stacked.dropFirst().reduce(stacked[0], +)
        expectAgreement(together, loop)
        expectAgreement(gradients(of: distance(loop), with: parameters), loss, within: 10 * Tolerance.identity)
    }

    @Test(.enabled(if: Tolerance.isDouble)) func finiteDifferences() {
        let parameters = start.map(\.variable)
        let gradient = gradients(of: distance(inputGradients(parameters)), with: parameters)
        for index in start.indices {
            let direction = start.enumerated().map {
                $0 == index ? random($1.shape, salt: 70, in: pool) : Tensor($1.shape, repeating: 0, in: pool)
            }
            let expected = finiteDifference(at: start, along: direction) {
                Double(distance(inputGradients($0.map(\.variable))).item)
            }
            expectAgreement([Scalar(inner(gradient, direction))], [expected], within: Tolerance.finiteDifference)
        }
    }

    @Test func memoryReturns() {
        let before = pool.usage.live
        do {
            // Copies, because a parameter keeps what was prepared from it.
            let parameters = start.map { Tensor($0.shape, $0.array, in: pool).variable }
            _ = gradients(of: distance(inputGradients(parameters)), with: parameters, releasing: true)
        }
        #expect(pool.usage.live == before)
    }

    @Test func sameBitsOnEveryRun() {
        func run() -> [[Scalar]] {
            let parameters = start.map(\.variable)
            return gradients(of: distance(inputGradients(parameters)), with: parameters).map(\.array)
        }
        let first = run()
        for _ in 0..<3 { #expect(run() == first) }
    }
}
