import Autodiff
import Glibc
import Kernels

func activated(_ function: ActivationFunction, _ z: Double) -> Double {
    switch function {
    case .identity: z
    case .relu: max(z, 0)
    case .gelu: z * erfc(-z / 2.0.squareRoot()) / 2
    case .silu: z / (1 + exp(-z))
    }
}

/// Scale and shift for every channel, in the forms that broadcast alike, and for every channel of every image.
private let sizes: [(input: Shape, scale: Shape)] = [
    ([2, 3, 2, 5], [5]), ([2, 2, 1, 9], [1, 1, 1, 9]), ([2, 3, 2, 3], [2, 1, 1, 3]), ([3, 4], [4]), ([3, 2], [3, 2]),
    ([3], [3]), ([1, 2, 2, 2], [1, 1, 1, 2]),
]

let affineChecks: [OperationCheck] = ActivationFunction.allCases.flatMap { function in
    sizes.flatMap { input, scale in
        [false, true].map { hasResidual in
            OperationCheck(
                name: "affine \(function.rawValue)", covers: ["ActivatedAffine"],
                inputs: [input, scale, scale] + (hasResidual ? [input] : []),
                // No sum comes near the kink.
                domains: function == .relu ? [.awayFromZero, .positive, .small, .small] : []
            ) {
                $0[0].activatedAffine(function, scale: $0[1], shift: $0[2], residual: hasResidual ? $0[3] : nil)
            } reference: { x in
                NaiveTensor(x[0].extents) { index in
                    let z = x[0][index] * x[1].repeated(at: index) + x[2].repeated(at: index)
                    return activated(function, z + (hasResidual ? x[3][index] : 0))
                }
            }
        }
    }
}
