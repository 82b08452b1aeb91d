import Autodiff
import Kernels
import Layers
import Testing

/// In inference BatchNorm goes into the filters before it, if they are kept.
@Suite struct FoldedNormalisationTests {
    private struct Block: Layer {
        let layer: NormalisedConvolution
        let residual: Tensor?

        func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
            layer(x, residual: residual, &context)
        }
    }

    @Test(arguments: [nil] + Activation.allCases.map(Optional.some), [false, true])
    func folded(_ activation: Activation?, hasResidual: Bool) {
        let pool = MemoryPool(), x = random([3, 5, 4, 6], salt: 1, in: pool).variable
        let bench = Bench {
            Block(
                layer: NormalisedConvolution(
                    $0.scope("conv") { Conv2d(6, 7, kernel: 3, padding: 1, in: &$0) },
                    $0.scope("bn") { Normalisation.batch.layer(channels: 7, in: &$0) }, activation),
                residual: hasResidual ? random([3, 5, 4, 7], salt: 2, in: pool) : nil)
        }
        let parameters = bench.builder.parameters.enumerated().map { place, declaration in
            random(declaration.shape, salt: 3 + UInt64(place), in: pool)
        }
        let running = ForwardContext.SeenStatistics(
            mean: random([7], salt: 9, in: pool), variance: random([7], salt: 10, in: pool) + 1.5)
        let kept = FoldedFilters()
        // The second pass finds the first one's filters.
        let results = [nil, kept, kept].map { kept -> [Tensor] in
            var context = ForwardContext(
                parameters: parameters, running: [running], mode: .inference, foldedFilters: kept)
            let y = bench.layer(x, &context), seed = random([2] + y.shape, salt: 11, in: pool)
            return [y] + gradients(of: y, seed: seed, with: [x])
        }
        expectAgreement(results[1], results[0])
        expectAgreement(results[2], results[1])
    }
}
