import Autodiff
import Kernels
import Testing

/// What every operation promises, for every entry of the catalogue.
@Suite struct OperationTests {
    @Test(arguments: OperationCatalogue.all)
    func valuesEqualTheDefinition(_ check: OperationCheck) {
        let inputs = check.sample(in: MemoryPool())
        let expected = check.reference(inputs.map { NaiveTensor($0) })
        for operands in [inputs, inputs.map(\.variable)] {
            let output = check.function(operands)
            #expect(output.shape.extents == expected.extents)
            expectAgreement(output.array, expected.values)
        }
    }

    /// <u, J v> = <v, J'u>, with J v by two reverse passes: J'u is linear in u, so its own transpose is J.
    @Test(arguments: OperationCatalogue.all)
    func reverseAndForwardDerivativesAreTransposes(_ check: OperationCheck) {
        let pool = MemoryPool(), inputs = check.sample(in: pool).map(\.variable)
        let output = check.function(inputs)
        let seed = random(output.shape, salt: 10, in: pool).variable, directions = random(like: inputs, salt: 20)
        let pulledBack = gradients(of: output, seed: seed, with: inputs, recording: true)
        let pushedForward = gradients(of: innerProduct(pulledBack, directions), with: [seed])
        let left = inner([seed], pushedForward), right = inner(directions, pulledBack)
        expectAgreement([Scalar(left)], [right])
    }

    /// A derivative asked for alone, or with the other inputs constant, is the same. Not to the bit: a rule may
    /// multiply in another order when it has less to do.
    @Test(arguments: OperationCatalogue.all)
    func derivativesDoNotDependOnWhatElseIsWanted(_ check: OperationCheck) {
        let pool = MemoryPool(), constants = check.sample(in: pool), inputs = constants.map(\.variable)
        let output = check.function(inputs), seed = random(output.shape, salt: 11, in: pool)
        let all = gradients(of: output, seed: seed, with: inputs)
        for index in inputs.indices {
            expectAgreement(gradients(of: output, seed: seed, with: [inputs[index]])[0], all[index])
            var mixed = constants
            mixed[index] = inputs[index]
            expectAgreement(gradients(of: check.function(mixed), seed: seed, with: [inputs[index]])[0], all[index])
        }
    }

    /// A seed with leading axes gives what a loop over them gives; so do the gradients of a function of the results.
    @Test(arguments: OperationCatalogue.all, [[3], [2, 2]])
    func leadingAxesEqualALoop(_ check: OperationCheck, lead: [Int]) {
        let pool = MemoryPool(), lead = Shape(lead), inputs = check.sample(in: pool).map(\.variable)
        let output = check.function(inputs), seed = random(lead + output.shape, salt: 12, in: pool)
        let together = gradients(of: output, seed: seed, with: inputs, recording: true)
        let seeds = seed.reshaped([lead.count] + output.shape)
        let single = (0..<lead.count).map { row in
            gradients(
                of: output, seed: seeds.rows(row..<(row + 1)).reshaped(output.shape), with: inputs, recording: true)
        }
        let weights = random(like: together, salt: 30)
        var loop: Tensor?
        for (input, gradient) in together.enumerated() {
            let shape = inputs[input].shape
            #expect(gradient.shape == lead + shape)
            let rows = gradient.detached.reshaped([lead.count] + shape)
            let weightRows = weights[input].reshaped([lead.count] + shape)
            for row in 0..<lead.count {
                expectAgreement(rows.rows(row..<(row + 1)).reshaped(shape), single[row][input].detached)
                let part = single[row][input]
                let term = (part * part * weightRows.rows(row..<(row + 1)).reshaped(shape)).total()
                loop = loop.map { $0 + term } ?? term
            }
        }
        guard let loop else { return }
        let shared = innerProduct(zip(together, together).map { $0 * $1 }, weights)
        expectAgreement(gradients(of: shared, with: inputs), gradients(of: loop, with: inputs))
    }

    /// The derivative rules of the derivatives carry leading axes too.
    @Test(arguments: OperationCatalogue.all)
    func leadingAxesOfTheSecondPassEqualALoop(_ check: OperationCheck) {
        let pool = MemoryPool(), inputs = check.sample(in: pool).map(\.variable)
        let output = check.function(inputs), seed = random(output.shape, salt: 13, in: pool).variable
        let variables = inputs + [seed]
        for first in gradients(of: output, seed: seed, with: inputs, recording: true) {
            let second = random([2] + first.shape, salt: 14, in: pool)
            let together = gradients(of: first, seed: second, with: variables)
            for row in 0..<2 {
                let alone = gradients(
                    of: first, seed: second.rows(row..<(row + 1)).reshaped(first.shape), with: variables)
                let parts = zip(together, variables).map { $0.rows(row..<(row + 1)).reshaped($1.shape) }
                expectAgreement(parts, alone)
            }
        }
    }

    @Test(arguments: OperationCatalogue.all)
    func memoryReturns(_ check: OperationCheck) {
        let pool = MemoryPool()
        for releasing in [false, true] {
            do {
                let variables = check.sample(in: pool).map(\.variable), output = check.function(variables)
                let seed = random([2] + output.shape, salt: 15, in: pool)
                let first = gradients(of: output, seed: seed, with: variables, recording: true)
                _ = gradients(of: innerProduct(first, first), with: variables, releasing: releasing)
                withExtendedLifetime(first) { #expect(pool.usage.live > 0) }
            }
            #expect(pool.usage.live == 0)
        }
    }
}
