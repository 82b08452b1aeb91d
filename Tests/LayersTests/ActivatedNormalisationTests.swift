import Autodiff
import Kernels
import Layers
import Testing

/// Normalisation with the shortcut and the activation that follow it, in one step and in three.
@Suite struct ActivatedNormalisationTests {
    private struct Block: Layer {
        let normalisation: any NormalisationLayer
        let activation: Activation
        let residual: Tensor?
        let fused: Bool

        func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
            if fused { return normalisation.activated(x, by: activation, residual: residual, &context) }
            let normalised = normalisation(x, &context)
            return activation(residual.map { normalised + $0 } ?? normalised, &context)
        }
    }

    @Test(arguments: Normalisation.allCases, Activation.allCases)
    func oneStepEqualsThree(_ normalisation: Normalisation, _ activation: Activation) {
        let pool = MemoryPool(), x = random([3, 2, 3, 6], salt: 1, in: pool).variable
        let shortcut = random(x.shape, salt: 2, in: pool).variable
        for (residual, mode) in [(nil, .training), (shortcut, .training), (shortcut, .inference)]
            as [(Tensor?, ForwardContext.Mode)]
        {
            let results = [true, false].map { fused -> [Tensor] in
                let bench = Bench {
                    Block(
                        normalisation: normalisation.layer(channels: 6, in: &$0), activation: activation,
                        residual: residual, fused: fused)
                }
                let parameters = bench.builder.parameters.indices.map {
                    random([6], salt: 3 + UInt64($0), in: pool).variable
                }
                let y = bench(x, parameters, mode).output, variables = [x] + parameters + (residual.map { [$0] } ?? [])
                let seed = random([2] + y.shape, salt: 9, in: pool)
                let first = gradients(of: y, seed: seed, with: variables, recording: true)
                let loss = first.map { ($0 * $0).total() }.reduce(y.total(), +)
                return [y] + first + gradients(of: loss, with: variables)
            }
            expectAgreement(results[0], results[1], within: 10 * identityTolerance)
        }
    }
}
