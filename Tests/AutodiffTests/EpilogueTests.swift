import Autodiff
import Kernels
import Testing

/// What comes together at the input of a convolution is added up, and goes through that input's rectifier, while the
/// convolution's contribution is written. The same network with products by one in between takes the plain way.
@Suite struct EpilogueTests {
    private struct Network {
        let x, first, second, third: Tensor
        /// The rectifier's output that a residual connection goes around.
        let hidden: Tensor
        let y: Tensor

        /// - Parameter order: whether the residual connection is added before or after its block.
        init(isPlain: Bool, order: Int, stride: Int) {
            let pool = MemoryPool()
            func numbers(_ shape: Shape, _ seed: Int) -> Tensor {
                Tensor(shape, (0..<shape.count).map { Scalar(($0 * 7919 + seed * 31) % 23 - 11) / 11 }, in: pool)
                    .variable
            }
            let one = Tensor([1, 1, 1, 3], repeating: 1, in: pool)
            func hide(_ t: Tensor) -> Tensor { isPlain ? t * one : t }
            x = numbers([2, 4, 4, 3], 1)
            first = numbers([3, 3, 3, 3], 2)
            second = numbers([3, 3, 3, 3], 3)
            third = numbers([3, 1, 1, 3], 4)
            let settings = ConvolutionSettings(stride: 1, padding: 1)
            hidden = hide(hide(x).convolved(with: first, settings)).rectified()
            let block = hide(hide(hidden).convolved(with: second, settings)).rectified()
            let strided = ConvolutionSettings(stride: stride, padding: 0)
            let through = hide(hide(block).convolved(with: third, strided))
            let around = order == 2 ? hide(hide(hidden).convolved(with: third, strided)) : hidden
            y = order == 0 ? around + through : through + around
        }

        var variables: [Tensor] { [x, first, second, third] }

        func gradientsOfGradients(_ variables: [Tensor]) -> (first: [Tensor], second: [Tensor]) {
            let seed = Tensor(
                [2] + y.shape, (0..<2 * y.shape.count).map { Scalar($0 * 37 % 17 - 8) / 8 }, in: y.pool)
            let first = gradients(of: y, seed: seed, with: variables, recording: true)
            let squares = first.map { ($0 * $0).total() }
            return (first, gradients(of: squares.dropFirst().reduce(squares[0], +), with: self.variables))
        }
    }

    /// Orders of the two ways, and a projection in both.
    @Test(arguments: [(0, 1), (1, 1), (2, 1), (2, 2)])
    func epiloguesAreThePlainWay(_ order: Int, _ stride: Int) {
        let short = Network(isPlain: false, order: order, stride: stride)
        let plain = Network(isPlain: true, order: order, stride: stride)
        let result = short.gradientsOfGradients(short.variables), expected = plain.gradientsOfGradients(plain.variables)
        expectAgreement(result.first, expected.first, within: Tolerance.identity, "first order")
        expectAgreement(result.second, expected.second, within: Tolerance.identity, "second order")
        // Without its own gradient the filters' derivative has fewer consumers, and comes together earlier.
        let some = short.gradientsOfGradients([short.x]), others = plain.gradientsOfGradients([plain.x])
        expectAgreement(some.second, others.second, within: Tolerance.identity, "second order, of the input's gradient")
    }

    /// Whoever asks for the gradient of a rectifier's output gets it before the rectifier.
    @Test func aRectifiersOutputCanBeAVariable() {
        let short = Network(isPlain: false, order: 1, stride: 1), plain = Network(isPlain: true, order: 1, stride: 1)
        let result = gradients(of: short.y, with: [short.hidden, short.x])
        let expected = gradients(of: plain.y, with: [plain.hidden, plain.x])
        expectAgreement(result, expected)
        #expect(zip(result[0].array, short.hidden.array).contains { $0 != 0 && $1 == 0 })
    }
}
