import Autodiff
import Kernels
import Synchronization
import Testing

/// What is rounded where products are in bfloat16, and that nothing else is.
@Suite struct ProductPrecisionTests {
    /// The operations that multiply factors, by name.
    private static let multiplying: Set<String> = [
        "convolution", "convolution input gradient", "convolution weight gradient", "activated convolution", "linear",
        "linear input gradient", "linear weight gradient", "matrix product", "head scores", "head mixture",
        "depthwise convolution", "depthwise convolution input gradient", "depthwise convolution weight gradient",
    ]

    private final class Seen: Sendable {
        struct Run: Sendable {
            let operation: any Operation
            let inputs: [Tensor]
            let result: Tensor
        }
        let runs = Mutex<[Run]>([])
    }

    /// Every operation of the catalogue, and of its gradient and that one's gradient, gives what it gives in float32 for
    /// the rounded factors.
    @Test(arguments: OperationCatalogue.all, BFloat16Unit.allCases)
    func factorsAreRounded(_ check: OperationCheck, unit: BFloat16Unit) {
        let seen = Seen(), plain = MemoryPool()
        let execution = Execution(products: .bfloat16, unit: unit) { operation, inputs, result in
            seen.runs.withLock { $0.append(Seen.Run(operation: operation, inputs: inputs, result: result)) }
        }
        let inputs = check.sample(in: MemoryPool(for: execution)).map(\.variable)
        let value = check.function(inputs)
        let first = gradients(
            of: value, seed: random(value.shape, salt: 1, in: value.pool), with: inputs, recording: true)
        _ = gradients(of: innerProduct(first, random(like: first, salt: 2)), with: inputs)
        let runs = seen.runs.withLock { $0 }
        #expect(!runs.isEmpty)
        for run in runs {
            let rounds = Self.multiplying.contains(run.operation.name)
            let inputs = run.inputs.enumerated().map { index, input in
                let numbers = rounds && index < 2 ? rounded(input.array) : input.array
                return Tensor(input.shape, numbers, in: plain)
            }
            let expected = run.operation.forward(inputs)
            if rounds && unit != .none {
                // Its sums are of Float, in another order.
                let scale = expected.array.reduce(1) { max($0, abs($1)) }
                let agrees = zip(expected.array, run.result.array).allSatisfy { abs($0 - $1) <= 1e-5 * scale }
                #expect(agrees, "\(run.operation.name)")
            } else {
                #expect(expected.array == run.result.array, "\(run.operation.name)")
            }
        }
    }

    /// Both parts of a derivative from one pass over the patches have the bits that they have apart.
    @Test(arguments: BFloat16Unit.allCases) func jointPass(unit: BFloat16Unit) {
        func parts(_ wantsBoth: Bool) -> [[Scalar]] {
            let pool = MemoryPool(for: Execution(products: .bfloat16, unit: unit)),
                settings = ConvolutionSettings(stride: 1, padding: 1)
            let x = random([2, 16, 16, 32], salt: 1, in: pool).variable,
                w = random([32, 3, 3, 32], salt: 2, in: pool).variable
            let dy = random([2, 16, 16, 32], salt: 3, in: pool).variable
            let dx = gradients(of: x.convolved(with: w, settings), seed: dy, with: [x], recording: true)[0]
            let seed = random(dx.shape, salt: 4, in: pool)
            if wantsBoth { return gradients(of: dx, seed: seed, with: [dy, w]).map(\.array) }
            return [dy, w].map { gradients(of: dx, seed: seed, with: [$0])[0].array }
        }
        #expect(parts(true) == parts(false))
    }

    /// Filters are rounded once for all products of a phase, and their forms do not outlive it.
    @Test(arguments: BFloat16Unit.allCases) func roundedFiltersAreKept(unit: BFloat16Unit) {
        let pool = MemoryPool(for: Execution(products: .bfloat16, unit: unit))
        let prepared = pool.execution.preparedFilters
        let images = random([1, 8, 8, 16], salt: 1, in: pool), filters = random([16, 3, 3, 16], salt: 2, in: pool)
        func left() -> Int {
            let before = pool.usage.live
            _ = images.convolved(with: filters, ConvolutionSettings(stride: 1, padding: 1))
            return pool.usage.live - before
        }
        let empty = pool.usage.live
        prepared.phase(reusing: false) { #expect([left(), left()] == [0, 0]) }
        prepared.phase(reusing: true) {
            #expect(left() > 0)
            #expect(left() == 0)
        }
        #expect(pool.usage.live == empty)
    }

    private func rounded(_ numbers: [Scalar]) -> [Scalar] {
        var out = numbers
        roundToBFloat16(numbers.count, numbers, &out)
        return out
    }
}
