import Autodiff
import Kernels
import Testing

/// What `gradients` promises about the graph it walks.
@Suite struct GraphTests {
    private func numbers(_ values: [Scalar], _ pool: MemoryPool = MemoryPool()) -> Tensor {
        Tensor([values.count], values, in: pool)
    }

    @Test func longChain() {
        let pool = MemoryPool(), length = 100_000
        let point = numbers([1, -2], pool), before = pool.usage.live
        do {
            let x = point.variable
            var y = x
            for _ in 0..<length / 2 { y = (y + 1) * 1 }
            #expect(y.array == [Scalar(length / 2 + 1), Scalar(length / 2 - 2)])
            #expect(gradients(of: y, seed: numbers([3, 4], pool), with: [x])[0].array == [3, 4])
        }
        #expect(pool.usage.live == before)
    }

    /// The graph of the gradient is as deep again, and hangs on the first.
    @Test func longRecordedChain() {
        let pool = MemoryPool()
        let point = numbers([1, -2], pool), before = pool.usage.live
        do {
            let x = point.variable, one = numbers([1, 1], pool).variable
            var y = x
            for _ in 0..<20_000 { y = y * one }
            let slope = gradients(of: y, with: [x], recording: true)[0]
            #expect(slope.array == [1, 1])
            // y = x one^n, so its derivative in x is one^n.
            #expect(gradients(of: slope, with: [one])[0].array == [20_000, 20_000])
        }
        #expect(pool.usage.live == before)
    }

    @Test func everyOrderOfAPower() {
        let x = numbers([2, -3]).variable
        var y = x * x * x * x * x
        for (order, factor) in [5, 20, 60, 120, 120, 0].enumerated() {
            y = gradients(of: y, with: [x], recording: true)[0]
            let power = { (base: Scalar) in (0..<max(0, 4 - order)).reduce(Scalar(1)) { power, _ in power * base } }
            #expect(y.array == [2, -3].map { Scalar(factor) * power($0) })
        }
    }

    @Test func everyOrderOfASmoothActivation() {
        for function in SmoothActivation.allCases {
            let x = numbers([-1.5, -0.2, 0, 0.7, 2]).variable
            var y = x.activated(by: function)
            for order in 1...4 {
                y = gradients(of: y, with: [x], recording: true)[0]
                let expected = Tensor(x.shape, in: x.pool) { function.apply(order: order, 5, x.pointer, $0) }
                expectAgreement(y, expected)
            }
        }
    }

    @Test func intermediateTensors() {
        let x = numbers([2, 3]).variable, w = numbers([5, -1]).variable
        let hidden = x * w, y = hidden * hidden
        #expect(gradients(of: y, with: [hidden])[0].array == [20, -6])
        let all = gradients(of: y, with: [w, hidden, x, hidden])
        #expect(all.map(\.array) == [[40, -18], [20, -6], [100, 6], [20, -6]])
        // Neither is below the other: both see all of their consumers.
        let doubled = gradients(of: y + hidden, with: [hidden, x])
        #expect(doubled.map(\.array) == [[21, -5], [105, 5]])
    }

    @Test func outputAsVariable() {
        let x = numbers([2, 3]).variable, y = x * 4
        #expect(gradients(of: y, seed: numbers([1, 7]), with: [y, x]).map(\.array) == [[1, 7], [4, 28]])
        #expect(gradients(of: x, with: [x])[0].array == [1, 1])
    }

    @Test func unreachableVariablesGetZeros() {
        let pool = MemoryPool(), x = numbers([2, 3], pool).variable
        let elsewhere = Tensor([2, 2], repeating: 1, in: pool).variable, constant = numbers([1], pool)
        let y = x * 4, seed = Tensor([3, 2], repeating: 1, in: pool)
        let result = gradients(of: y, seed: seed, with: [elsewhere, x, constant, (x * 2).variable])
        #expect(result.map(\.shape) == [[3, 2, 2], [3, 2], [3, 1], [3, 2]])
        #expect(result[0].array.allSatisfy { $0 == 0 } && result[1].array.allSatisfy { $0 == 4 })
        #expect(result[2].array == [0, 0, 0] && result[3].array.allSatisfy { $0 == 0 })
        #expect(gradients(of: constant, with: [x])[0].array == [0, 0])
        // A consumer of the output is not on a path from it.
        #expect(gradients(of: x * 2, with: [y])[0].array == [0, 0])
    }

    /// Layers one after the other hand their gradients over while those before are still to come.
    @Test func gradientsAreDeliveredOnceFinal() {
        let pool = MemoryPool()
        let weights = (0..<4).map { numbers([Scalar($0 + 2)], pool).variable }
        // The first weight is used at both ends, so it is final last.
        let hidden = weights.reduce(numbers([1], pool)) { $0 * $1 }
        let y = hidden * weights[0]
        var delivered: [Int] = [], values: [Scalar] = []
        deliverGradients(of: y, with: weights + [hidden, weights[3], numbers([0], pool)]) {
            delivered.append($0)
            values.append($1.item)
        }
        #expect(delivered == [4, 3, 5, 2, 1, 0, 6])
        #expect(values == [2, 48, 48, 60, 80, 240, 0])
    }

    /// What the receiver throws ends the pass.
    @Test func receiverMayThrow() {
        struct Stop: Error {}
        let x = numbers([2]).variable, w = numbers([3]).variable, y = (x * 2) * w
        var delivered = 0
        #expect(throws: Stop.self) {
            try deliverGradients(of: y, with: [x, w]) { _, _ in
                delivered += 1
                throw Stop()
            }
        }
        #expect(delivered == 1)
    }

    @Test func detachedTensorsAreConstants() {
        let x = numbers([2, 3]).variable
        let y = x * x.detached
        #expect(gradients(of: y, with: [x])[0].array == [2, 3])
        #expect(!x.detached.isRecorded && x.isRecorded && y.isRecorded)
        #expect(!(x.detached * x.detached).isRecorded)
    }

    @Test func onlyRecordingPassesAreRecorded() {
        let x = numbers([2, 3]).variable, y = x * x
        #expect(!gradients(of: y, with: [x])[0].isRecorded)
        #expect(gradients(of: y, with: [x], recording: true)[0].isRecorded)
        // The derivative of a linear function is a constant.
        #expect(!gradients(of: x * 4, with: [x], recording: true)[0].isRecorded)
    }

    /// Addresses and hash seeds differ between runs; sums must not.
    @Test func sameBitsOnEveryRun() {
        func run() -> [[Scalar]] {
            let pool = MemoryPool()
            let x = random([16], salt: 1, in: pool).variable
            let branches = (0..<40).map { (x * random([16], salt: UInt64($0), in: pool)).exponential() }
            let y = branches.dropFirst().reduce(branches[0]) { $0 + $1 * x }
            let slope = gradients(of: y, with: [x], recording: true)[0]
            return [y.array, slope.array, gradients(of: slope * slope, with: [x])[0].array]
        }
        let first = run()
        for _ in 0..<5 { #expect(run() == first) }
    }

    @Test func releasingFreesWhatTheGraphKept() {
        let pool = MemoryPool(), x = random([1000], salt: 2, in: pool).variable
        let y = x.exponential().exponential().exponential().total()
        let held = pool.usage.live
        let slope = gradients(of: y, with: [x], releasing: true)[0]
        let block = 1000 * MemoryLayout<Scalar>.stride
        // Three kept outputs go, one gradient comes.
        #expect(pool.usage.live <= held - 2 * block)
        #expect(slope.shape == [1000])
    }

    @Test func secondPassWithoutReleasing() {
        let x = numbers([2, 3]).variable, y = (x * x).exponential()
        #expect(gradients(of: y, with: [x])[0].array == gradients(of: y, with: [x], releasing: true)[0].array)
    }

    @Test func releasedGraphStops() async {
        await #expect(processExitsWith: .failure) {
            let x = Tensor([2], [1, 2], in: MemoryPool()).variable, y = x * x
            _ = gradients(of: y, with: [x], releasing: true)
            _ = gradients(of: y, with: [x])
        }
    }

    @Test func seedOfAnotherShapeStops() async {
        await #expect(processExitsWith: .failure) {
            let x = Tensor([2], [1, 2], in: MemoryPool()).variable
            _ = gradients(of: x * 2, seed: Tensor([2, 3], repeating: 1, in: x.pool), with: [x])
        }
    }

    @Test func shapesThatDoNotFitStop() async {
        await #expect(processExitsWith: .failure) {
            let pool = MemoryPool()
            _ = Tensor([2], repeating: 1, in: pool) + Tensor([3], repeating: 1, in: pool)
        }
    }
    /// A scale that broadcasts along another axis than the images'.
    @Test func misalignedAffineStops() async {
        await #expect(processExitsWith: .failure) {
            let pool = MemoryPool(), x = Tensor([2, 2, 3], repeating: 1, in: pool)
            let scale = Tensor([2, 3], repeating: 1, in: pool)
            _ = x.activatedAffine(.identity, scale: scale, shift: scale)
        }
    }
}

/// Outputs that share a graph, each differentiated down to it by itself.
@Suite struct SharedGraphTests {
    private let pool = MemoryPool()

    private func variable(_ salt: UInt64, _ shape: Shape = [2, 3]) -> Tensor {
        random(shape, salt: salt, in: pool).variable
    }

    /// Input gradients of two functions of one hidden layer, whose squares are added to the loss: together, and one by
    /// one.
    @Test(arguments: ActivationFunction.allCases) func partsAddUpToTheWhole(_ function: ActivationFunction) {
        let x = variable(1), scale = variable(2, [3]), shift = variable(3, [3])
        func terms() -> (loss: Tensor, inputGradients: [Tensor]) {
            let hidden = x.activatedAffine(function, scale: scale, shift: shift) * scale
            let outputs = (0..<2).map { hidden * random([2, 3], salt: 7 + UInt64($0), in: pool) }
            return (
                (hidden * hidden).total(),
                outputs.map { gradients(of: $0 * $0, with: [x], recording: true)[0] }
            )
        }
        let together = terms()
        let whole = together.inputGradients.reduce(together.loss) { $0 + ($1 * $1).total() }
        let expected = gradients(of: whole, with: [scale, shift])

        var results: [Int: Tensor] = [:]
        var (loss, parts) = terms()
        let shared = SharedGraph(of: loss, with: [scale, shift])
        // Through a variable that cuts the first part off, as a loss of all parts together would be differentiated.
        let cut = parts[0].variable
        let cotangent = shared.gather(from: (cut * cut).total(), others: [cut])
        shared.gather(from: parts.removeFirst(), seed: cotangent[0])
        let last = parts.removeFirst()
        shared.gather(from: (last * last).total())
        shared.deliver { results[$0] = $1 }
        for (place, tensor) in expected.enumerated() {
            expectAgreement(results[place] ?? x, tensor)
        }
    }

    @Test func nothingStaysBehind() {
        let x = variable(1), scale = variable(2, [3]), shift = variable(3, [3])
        func run() {
            let hidden = x.activatedAffine(.gelu, scale: scale, shift: shift)
            let loss = hidden.total()
            let shared = SharedGraph(of: loss, with: [scale, shift])
            for _ in 0..<3 {
                let slope = gradients(of: hidden * hidden, with: [x], recording: true)[0]
                shared.gather(from: (slope * slope).total())
            }
            shared.deliver { _, _ in }
        }
        run()
        let before = pool.usage.live
        run()
        #expect(pool.usage.live == before)
    }
}
