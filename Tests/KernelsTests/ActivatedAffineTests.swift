import Kernels
import Testing

@Suite struct ActivatedAffineTests {
    private func function(_ function: ActivationFunction, order: Int, _ z: [Scalar]) -> [Scalar] {
        switch (function, order) {
        case (.identity, 0): z
        case (.identity, 1): z.map { _ in 1 }
        case (.relu, 0): z.map { max($0, 0) }
        case (.relu, 1): z.map { $0 > 0 ? 1 : 0 }
        case (.identity, _), (.relu, _): z.map { _ in 0 }
        case (.gelu, _): written(z.count) { SmoothActivation.gelu.apply(order: order, z.count, z, $0) }
        case (.silu, _): written(z.count) { SmoothActivation.silu.apply(order: order, z.count, z, $0) }
        }
    }

    @Test(arguments: ActivationFunction.allCases, 0...3)
    func equalsItsParts(_ kind: ActivationFunction, order: Int) {
        for (outer, rows, channels) in [(1, 1, 1), (2, 3, 5), (3, 1, 8), (2, 2, 19), (0, 3, 4)] {
            for perOuter in [false, true] {
                let sizes = AffineSizes(outer: outer, rows: rows, channels: channels, perOuter: perOuter)
                let count = outer * rows * channels, places = perOuter ? outer : 1
                let x = random(count, salt: 1), residual = random(count, salt: 2)
                let scale = random(places * channels, salt: 3), shift = random(places * channels, salt: 4)
                for added in [nil, residual] {
                    let z = (0..<count).map { i -> Scalar in
                        let channel = i % channels + (perOuter ? i / (rows * channels) * channels : 0)
                        return shift[channel].addingProduct(x[i], scale[channel]) + (added?[i] ?? 0)
                    }
                    let values = written(count) { out in
                        func run(_ residual: Source?) {
                            activatedAffine(
                                kind, order: order, sizes, x, scale: scale, shift: shift, residual: residual, out)
                        }
                        if let added { added.withUnsafeBufferPointer { run($0.baseAddress) } } else { run(nil) }
                    }
                    expectAgreement(values, doubles(function(kind, order: order, z)))
                }
            }
        }
    }
}
