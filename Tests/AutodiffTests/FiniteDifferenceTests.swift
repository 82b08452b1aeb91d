import Autodiff
import Kernels
import Testing

/// Derivatives against differences, in Double: Float is too coarse for them.
@Suite(.enabled(if: Tolerance.isDouble)) struct FiniteDifferenceTests {
    @Test(arguments: OperationCatalogue.all)
    func firstOrder(_ check: OperationCheck) {
        let pool = MemoryPool(), point = check.sample(in: pool), variables = point.map(\.variable)
        let output = check.function(variables), seed = random(output.shape, salt: 40, in: pool)
        let gradient = gradients(of: output, seed: seed, with: variables)
        for salt: UInt64 in [50, 60] {
            let direction = random(like: point, salt: salt)
            let expected = finiteDifference(at: point, along: direction) { inner([check.function($0)], [seed]) }
            expectAgreement([Scalar(inner(gradient, direction))], [expected], within: Tolerance.finiteDifference)
        }
    }

    /// The gradient of <v, gradient> against differences of <v, gradient>.
    @Test(arguments: OperationCatalogue.all)
    func secondOrder(_ check: OperationCheck) {
        let pool = MemoryPool(), point = check.sample(in: pool)
        let weights = random(like: point, salt: 41)
        func sloped(_ variables: [Tensor]) -> Tensor {
            let output = check.function(variables)
            // Squared, so that linear operations have a second derivative too.
            let objective = (output * output * random(output.shape, salt: 42, in: pool)).total()
            return innerProduct(gradients(of: objective, with: variables, recording: true), weights)
        }
        let variables = point.map(\.variable)
        let gradient = gradients(of: sloped(variables), with: variables)
        for salt: UInt64 in [51, 61] {
            let direction = random(like: point, salt: salt)
            let expected = finiteDifference(at: point, along: direction) { Double(sloped($0.map(\.variable)).item) }
            expectAgreement([Scalar(inner(gradient, direction))], [expected], within: Tolerance.finiteDifference)
        }
    }

    /// One more order, where a rule's own derivative rules come in.
    @Test(arguments: OperationCatalogue.all)
    func thirdOrder(_ check: OperationCheck) {
        let pool = MemoryPool(), point = check.sample(in: pool)
        let (first, second) = (random(like: point, salt: 43), random(like: point, salt: 44))
        func curved(_ variables: [Tensor]) -> Tensor {
            let output = check.function(variables)
            let objective = (output * output * random(output.shape, salt: 45, in: pool)).total()
            let slope = innerProduct(gradients(of: objective, with: variables, recording: true), first)
            return innerProduct(gradients(of: slope, with: variables, recording: true), second)
        }
        let variables = point.map(\.variable), direction = random(like: point, salt: 52)
        let gradient = gradients(of: curved(variables), with: variables)
        let expected = finiteDifference(at: point, along: direction) { Double(curved($0.map(\.variable)).item) }
        expectAgreement([Scalar(inner(gradient, direction))], [expected], within: Tolerance.finiteDifference)
    }
}
