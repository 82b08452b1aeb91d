import Autodiff
import Kernels
import Testing

/// Cotangents are summed in place where nobody else sees them. Here somebody does.
@Suite struct AccumulationTests {
    private let pool = MemoryPool()
    private func numbers(_ values: [Scalar]) -> Tensor { Tensor([values.count], values, in: pool) }

    @Test func oneCotangentForTwoInputs() {
        let x = numbers([1, 2]).variable, seed = numbers([10, 20])
        #expect(gradients(of: x + x, seed: seed, with: [x])[0].array == [20, 40])
        #expect(gradients(of: (x + x) + x, seed: seed, with: [x])[0].array == [30, 60])
        #expect(gradients(of: x + (x + (x + x)), seed: seed, with: [x])[0].array == [40, 80])
        #expect(seed.array == [10, 20])
    }

    @Test func reshapesAndGatesShareNumbers() {
        let x = numbers([1, 2]).variable, seed = numbers([10, 20])
        let y = x + x.reshaped([1, 2]).reshaped([2]) + x.gatedStatistics() + (x + 1) + x * numbers([3, 4])
        let expected: [Scalar] = [70, 160]
        #expect(gradients(of: y, seed: seed, with: [x])[0].array == expected)
        #expect(gradients(of: y, seed: seed, with: [x], recording: true)[0].array == expected)
        #expect(gradients(of: y, seed: seed, with: [x], releasing: true)[0].array == expected)
        #expect(seed.array == [10, 20] && x.array == [1, 2])
    }

    /// The gradient of an intermediate tensor is handed out and flows on as the same numbers.
    @Test(arguments: [false, true])
    func resultsThatFlowOn(hiddenFirst: Bool) {
        let x = numbers([1, 2]).variable, seed = numbers([10, 20])
        let hidden = x.reshaped([2, 1]), other = x * numbers([3, 4])
        let y = hiddenFirst ? hidden.reshaped([2]) + other : other + hidden.reshaped([2])
        let results = gradients(of: y, seed: seed, with: [hidden, x, other])
        #expect(results.map(\.array) == [[10, 20], [40, 100], [10, 20]])
        #expect(seed.array == [10, 20])
    }

    @Test func twoVariablesWithOneCotangent() {
        let a = numbers([1, 2]).variable, b = numbers([3, 4]).variable, seed = numbers([10, 20])
        // Both get the seed first and something of their own after it.
        let y = (a + b) + a * numbers([2, 2]) + b * numbers([5, 5])
        #expect(gradients(of: y, seed: seed, with: [a, b]).map(\.array) == [[30, 60], [60, 120]])
        #expect(seed.array == [10, 20])
    }

    @Test func windowsIntoOtherTensors() {
        let x = numbers([1, 2]).variable, seeds = Tensor([3, 2], [1, 2, 10, 20, 5, 6], in: pool)
        for (row, expected) in [[5, 10], [50, 100], [25, 30]].enumerated() {
            let seed = seeds.rows(row..<(row + 1)).reshaped([2])
            let y = x + x.reshaped([2]) + (x + x) + (x + 0)
            #expect(gradients(of: y, seed: seed, with: [x])[0].array == expected.map { Scalar($0) })
        }
        #expect(seeds.array == [1, 2, 10, 20, 5, 6])
    }

    @Test func windowsOutliveTheirOwner() {
        let window = Tensor([3, 2], [1, 2, 3, 4, 5, 6], in: pool).rows(1..<2)
        let filler = (0..<4).map { Tensor([3, 2], repeating: Scalar($0 + 7), in: pool) }
        #expect(window.array == [3, 4] && window.shape == [1, 2] && filler.count == 4)
        #expect(window.rows(0..<1).array == [3, 4])
    }

    @Test func broadcastContributionsOfDifferentShapes() {
        let bias = numbers([1, 2]).variable, x = Tensor([3, 2], [1, 2, 3, 4, 5, 6], in: pool).variable
        let seed = Tensor([3, 2], repeating: 1, in: pool)
        let y = x + bias + bias * x + bias.reshaped([1, 2])
        #expect(gradients(of: y, seed: seed, with: [bias, x]).map(\.array) == [[15, 18], [2, 3, 2, 3, 2, 3]])
    }

    /// Two passes over one recorded graph: the first must not have written on what the second reads.
    @Test func recordedCotangentsStayIntact() {
        let x = numbers([2, 3]).variable
        let y = x * x + x * x * x
        let slope = gradients(of: y, with: [x], recording: true)[0], values = slope.array
        #expect(values == [16, 33])
        for _ in 0..<2 { #expect(gradients(of: slope, with: [x])[0].array == [14, 20]) }
        #expect(slope.array == values)
    }

    /// A cotangent serves as filters, in the form that a convolution prepared from it, before more is added to it.
    @Test func preparedFiltersDoNotOutliveTheirNumbers() {
        let images: Shape = [1, 6, 6, 4], settings = ConvolutionSettings(stride: 1, padding: 1)
        let weights = Tensor([4, 3, 3, 4], repeating: 0, in: pool).variable
        let (x, early, late) = (
            random(images, salt: 1, in: pool), random(weights.shape, salt: 2, in: pool),
            random(weights.shape, salt: 3, in: pool)
        )
        func weightGradient(_ dy: Tensor) -> Tensor {
            gradients(of: x.convolved(with: weights, settings), seed: dy, with: [weights], recording: true)[0]
        }
        let shallow = random(images, salt: 4, in: pool).variable
        var deep = random(images, salt: 5, in: pool).variable
        for _ in 0..<5 { deep = deep * 1 }
        let first = weightGradient(deep), second = weightGradient(shallow)
        // `first` and `second` get one cotangent; `first` uses it; then `second` gets its other contribution.
        let output = (first + second) * early + second * late
        let expected = x.convolved(with: early + late, settings)
        expectAgreement(gradients(of: output, with: [shallow, deep])[0], expected)
    }
}
