import Glibc
import Kernels
import Testing

@Suite struct ActivationTests {
    private static let points: [Double] = stride(from: -6, through: 6, by: 0.375).map { $0 }

    private func values(_ function: SmoothActivation, order: Int, _ x: [Double]) -> [Scalar] {
        let x = x.map { Scalar($0) }
        return written(x.count) { function.apply(order: order, x.count, x, $0) }
    }

    private func exact(_ function: SmoothActivation, _ x: Double) -> Double {
        switch function {
        case .gelu: x * erfc(-x / 2.0.squareRoot()) / 2
        case .silu: x / (1 + exp(-x))
        }
    }
    private func exactSlope(_ function: SmoothActivation, _ x: Double) -> Double {
        let s = 1 / (1 + exp(-x))
        switch function {
        case .gelu: return erfc(-x / 2.0.squareRoot()) / 2 + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
        case .silu: return s + x * s * (1 - s)
        }
    }

    @Test(arguments: SmoothActivation.allCases)
    func functionAndSlope(_ function: SmoothActivation) {
        expectAgreement(
            values(function, order: 0, Self.points), Self.points.map { exact(function, $0) },
            within: isDouble ? 1e-14 : 2e-7)
        expectAgreement(
            values(function, order: 1, Self.points), Self.points.map { exactSlope(function, $0) },
            within: isDouble ? 1e-14 : 2e-6)
    }

    /// Higher orders against central differences of the slope: of an order one lower in each step.
    @Test(arguments: SmoothActivation.allCases, [(2, 1e-7), (3, 1e-6), (4, 1e-4)])
    func higherOrders(_ function: SmoothActivation, _ orderAndTolerance: (Int, Double)) {
        let (order, tolerance) = orderAndTolerance, step = 0.004
        func difference(_ order: Int, _ x: Double) -> Double {
            if order == 1 { return exactSlope(function, x) }
            let (a, b) = (
                difference(order - 1, x + step) - difference(order - 1, x - step),
                difference(order - 1, x + 2 * step) - difference(order - 1, x - 2 * step)
            )
            return (8 * a - b) / (12 * step)
        }
        expectAgreement(
            values(function, order: order, Self.points), Self.points.map { difference(order, $0) },
            within: max(tolerance, isDouble ? 0 : 1e-5))
    }

    /// Each order against differences of the kernel's own order below, where Double can tell.
    @Test(.enabled(if: isDouble), arguments: SmoothActivation.allCases, 1...6)
    func everyOrderIsTheDerivativeOfTheOneBelow(_ function: SmoothActivation, order: Int) {
        let step = 1e-3
        func below(_ shift: Double) -> [Double] {
            doubles(values(function, order: order - 1, Self.points.map { $0 + shift * step }))
        }
        let (near, far) = (zip(below(1), below(-1)).map { $0 - $1 }, zip(below(2), below(-2)).map { $0 - $1 })
        let expected = zip(near, far).map { (8 * $0 - $1) / (12 * step) }
        expectAgreement(values(function, order: order, Self.points), expected, within: 2e-9)
    }

    @Test(arguments: SmoothActivation.allCases)
    func farFromZero(_ function: SmoothActivation) {
        #expect(values(function, order: 0, [1e4, -1e4, 1000, -1000]) == [1e4, 0, 1000, 0])
        #expect(values(function, order: 1, [1e4, -1e4, 1000, -1000]) == [1, 0, 1, 0])
        for order in 2...4 { #expect(values(function, order: order, [1e4, -1e4, 1000, -1000]) == [0, 0, 0, 0]) }
    }
}
