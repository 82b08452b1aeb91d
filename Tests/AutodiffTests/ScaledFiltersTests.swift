import Autodiff
import Kernels
import Testing

/// A recorded pass with constant statistics goes around a normalised convolution's output; the same network, with a
/// reshape that hides the convolution, takes the plain way.
@Suite struct ScaledFiltersTests {
    private struct Network {
        let x, filters, scale, shift, residual: Tensor
        /// The convolution's output.
        let z: Tensor
        let y: Tensor

        init(_ function: ActivationFunction, hasResidual: Bool, stride: Int, hidesConvolution: Bool) {
            let pool = MemoryPool()
            func numbers(_ shape: Shape, _ seed: Int) -> Tensor {
                Tensor(shape, (0..<shape.count).map { Scalar(($0 * 7919 + seed * 31) % 23 - 11) / 11 }, in: pool)
                    .variable
            }
            x = numbers([2, 4, 4, 3], 1)
            filters = numbers([5, 3, 3, 3], 2)
            scale = numbers([1, 1, 1, 5], 3)
            shift = numbers([1, 1, 1, 5], 4)
            let side = 4 / stride
            residual = numbers([2, side, side, 5], 5)
            let convolved = x.convolved(with: filters, ConvolutionSettings(stride: stride, padding: 1))
            z = hidesConvolution ? convolved.reshaped(convolved.shape) : convolved
            y = z.activatedAffine(function, scale: scale, shift: shift, residual: hasResidual ? residual : nil)
        }

        var variables: [Tensor] { [x, filters, scale, shift, residual] }

        /// Gradients of two classes' outputs, and the derivatives of a function of them.
        func gradientsOfGradients() -> (first: [Tensor], second: [Tensor]) {
            let seed = Tensor(
                [2] + y.shape, (0..<2 * y.shape.count).map { Scalar($0 * 37 % 17 - 8) / 8 }, in: y.pool)
            let first = gradients(of: y, seed: seed, with: variables, recording: true, statistics: .frozen)
            let squares = first.map { ($0 * $0).total() }
            return (first, gradients(of: squares.dropFirst().reduce(squares[0], +), with: variables))
        }
    }

    @Test(arguments: ActivationFunction.allCases, [1, 2])
    func goingAroundIsThePlainWay(_ function: ActivationFunction, _ stride: Int) {
        for hasResidual in [false, true] {
            let around = Network(function, hasResidual: hasResidual, stride: stride, hidesConvolution: false)
            let plain = Network(function, hasResidual: hasResidual, stride: stride, hidesConvolution: true)
            let (result, expected) = (around.gradientsOfGradients(), plain.gradientsOfGradients())
            for (place, name) in ["input", "filters", "scale", "shift", "residual"].enumerated() {
                expectAgreement(result.first[place], expected.first[place], "first order, \(name)")
                expectAgreement(result.second[place], expected.second[place], "second order, \(name)")
            }
        }
    }

    /// Whoever asks for the convolution's output itself gets its gradient.
    @Test func theConvolutionsOutputCanBeAVariable() {
        let network = Network(.gelu, hasResidual: false, stride: 1, hidesConvolution: false)
        let variables = [network.z, network.x]
        let frozen = gradients(of: network.y, with: variables, recording: true, statistics: .frozen)
        let plain = gradients(of: network.y, with: variables)
        for (result, expected) in zip(frozen, plain) { expectAgreement(result, expected) }
        #expect(frozen[0].array.contains { $0 != 0 })
    }
}
