import Autodiff
import Kernels
import Layers
import Testing

@Suite struct DeclarationTests {
    @Test func namesShapesAndOrder() {
        let bench = Bench { builder in
            builder.scope("stem") { builder in
                Sequential([
                    builder.scope("conv") { Conv2d(2, 3, kernel: 5, in: &$0) },
                    builder.scope("bn") { BatchNorm2d(3, in: &$0) },
                ])
            }
        }
        let parameters = bench.builder.parameters
        #expect(parameters.map(\.name) == ["stem.conv.weight", "stem.bn.weight", "stem.bn.bias"])
        #expect(parameters.map(\.shape) == [[3, 5, 5, 2], [3], [3]])
        #expect(parameters.map(\.isWeight) == [true, false, false])
        guard case .filters = parameters[0].layout, case .asInMemory = parameters[1].layout else {
            Issue.record("layouts")
            return
        }
        let statistics = bench.builder.statistics
        #expect(statistics.map(\.meanName) == ["stem.bn.running_mean"])
        #expect(statistics.map(\.varianceName) == ["stem.bn.running_var"])
        #expect(statistics.map(\.counterName) == ["stem.bn.num_batches_tracked"])
        #expect(statistics.map(\.channels) == [3])
    }

    @Test func initialValues() {
        func values(_ initialiser: Initialiser, _ count: Int, seed: UInt64, position: Int) -> [Scalar] {
            var values = [Scalar](repeating: .nan, count: count)
            initialiser.fill(count, &values, seed: seed, position: position)
            return values
        }
        #expect(values(.constant(1), 3, seed: 1, position: 0) == [1, 1, 1])
        let uniform = values(.uniform(fanIn: 16), 4000, seed: 1, position: 2)
        #expect(uniform.allSatisfy { abs($0) <= 0.25 })
        #expect((uniform.max() ?? 0) > 0.249 && (uniform.min() ?? 0) < -0.249)
        // The mean of 4000 numbers of deviation 0.25 / sqrt(3) has deviation 0.0023.
        #expect(abs(uniform.reduce(0, +) / 4000) < 0.01)
        #expect(values(.uniform(fanIn: 16), 4000, seed: 1, position: 2) == uniform)
        #expect(values(.uniform(fanIn: 16), 10, seed: 1, position: 2) == Array(uniform[..<10]))
        #expect(values(.uniform(fanIn: 16), 10, seed: 2, position: 2) != Array(uniform[..<10]))
        #expect(values(.uniform(fanIn: 16), 10, seed: 1, position: 3) != Array(uniform[..<10]))
    }

    @Test(arguments: [(1, 1), (3, 3), (8, 8), (12, 6), (16, 8), (64, 8), (11, 1), (14, 7)])
    func groups(channels: Int, expected: Int) {
        // One constant channel a group stays zero where a group of more than one would not.
        let pool = MemoryPool(), bench = Bench { GroupNorm(channels, in: &$0) }
        let x = Tensor([1, 1, 1, channels], (0..<channels).map { Scalar($0) }, in: pool)
        let ones = Tensor([channels], repeating: 1, in: pool), zeros = Tensor([channels], repeating: 0, in: pool)
        let y = bench(x, [ones, zeros]).output.array, size = channels / expected
        for group in 0..<expected {
            let members = y[(group * size)..<((group + 1) * size)]
            #expect(abs(members.reduce(0, +)) < 1e-4)
            let power = members.reduce(0) { $0 + $1 * $1 } / Scalar(size)
            #expect(abs(power - (size == 1 ? 0 : 1)) < 1e-3)
        }
    }

    @Test func inputNormalisation() {
        let pool = MemoryPool()
        let x = Tensor([1, 1, 2, 2], [0.5, 1, 0, 0.25], in: pool).variable
        var context = ForwardContext(parameters: [], running: [], mode: .inference)
        let layer = InputNormalisation(mean: [0.5, 0.25], deviation: [0.25, 0.5])
        let y = layer(x, &context)
        #expect(y.array == [0, 1.5, -2, 0])
        #expect(gradients(of: y, with: [x])[0].array == [4, 2, 4, 2])
        let identity = InputNormalisation(mean: [0, 0], deviation: [1, 1])(x, &context)
        #expect(identity.array == x.array)
    }

    /// Inference leaves no statistics behind, and does not depend on the batch.
    @Test func inference() {
        let pool = MemoryPool(), bench = Bench { BatchNorm2d(2, in: &$0) }
        let x = random([3, 2, 2, 2], salt: 1, in: pool)
        let parameters = [random([2], salt: 2, in: pool), random([2], salt: 3, in: pool)]
        let whole = bench(x, parameters, .inference)
        #expect(whole.seen.count == 1 && whole.seen[0] == nil)
        for row in 0..<3 {
            let alone = bench(x.rows(row..<(row + 1)), parameters, .inference).output
            #expect(alone.array == whole.output.rows(row..<(row + 1)).array)
        }
    }

    @Test(arguments: Normalisation.allCases)
    func normalisationByName(_ normalisation: Normalisation) {
        let bench = Bench { normalisation.layer(channels: 4, in: &$0) }, pool = MemoryPool()
        #expect(bench.builder.parameters.count == (normalisation == .none ? 0 : 2))
        #expect(bench.builder.statistics.count == (normalisation == .batch ? 1 : 0))
        let x = random([2, 2, 2, 4], salt: 4, in: pool)
        let ones = Tensor([4], repeating: 1, in: pool), zeros = Tensor([4], repeating: 0, in: pool)
        let y = bench(x, bench.builder.parameters.isEmpty ? [] : [ones, zeros]).output
        #expect((y.array == x.array) == (normalisation == .none))
    }
}
