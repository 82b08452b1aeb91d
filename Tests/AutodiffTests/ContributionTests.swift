import Autodiff
import Kernels
import Testing

/// A pass that is not recorded leaves sums to be made in one go; a recorded pass makes each by itself.
@Suite struct ContributionTests {
    private let pool = MemoryPool()

    private func numbers(_ shape: Shape, _ seed: Int) -> Tensor {
        Tensor(shape, (0..<shape.count).map { Scalar(($0 * 7919 + seed * 31) % 23 - 11) / 11 }, in: pool).variable
    }

    private func compare(_ y: Tensor, _ variables: [Tensor], _ comment: Comment) {
        let seed = Tensor(y.shape, (0..<y.shape.count).map { Scalar($0 * 37 % 17 - 8) / 8 }, in: pool)
        let plain = gradients(of: y, seed: seed, with: variables)
        let recorded = gradients(of: y, seed: seed, with: variables, recording: true)
        expectAgreement(plain, recorded, comment)
        #expect(plain.contains { $0.array.contains { $0 != 0 } }, comment)
    }

    @Test(arguments: ActivationFunction.allCases, [1, 5, 16])
    func normalisation(_ function: ActivationFunction, channels: Int) {
        let x = numbers([3, 4, 4, channels], 1), weight = numbers([channels], 2), bias = numbers([channels], 5)
        let residual = numbers(x.shape, 4)
        let mean = x.mean(-4, -3, -2), variance = x.variance(around: mean, axes: [-4, -3, -2])
        let scale = weight * variance.reshaped([channels]).reciprocalSquareRoot(epsilon: 0.1)
        let shift = bias - mean.reshaped([channels]) * scale
        let y = x.activatedAffine(function, scale: scale, shift: shift, residual: residual)
        compare(y, [x, weight, bias, residual], "all")
        compare(y, [x], "images alone")
        // The normalised tensor has other consumers, before and after.
        compare(y * x + x.exponential(), [x, weight], "several consumers")
        compare(x.activatedAffine(function, scale: weight, shift: bias), [x, weight, bias], "no statistics")
    }

    @Test func sumsOverEverything() {
        let x = numbers([2, 3, 4], 1)
        compare(x.sum(-3, -2), [x], "kept channels")
        compare(x.sum(-1), [x], "kept others")
        compare(x.sum(-3, -2, -1), [x], "none kept")
        compare(x.sum(-3, -2) * x.sum(-1), [x], "both")
    }
}
