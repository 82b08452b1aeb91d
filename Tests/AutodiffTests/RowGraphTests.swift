import Autodiff
import Kernels
import Testing

/// What a graph of some rows gives, against a graph in which only those rows ever were.
@Suite struct RowGraphTests {
    private let pool = MemoryPool()

    private func numbers(_ shape: Shape, _ seed: Int) -> Tensor {
        Tensor(shape, (0..<shape.count).map { Scalar(($0 * 7919 + seed * 31) % 23 - 11) / 11 }, in: pool)
    }

    /// A normalised convolution whose statistics are of `batch`, a maximum pool and a layer of all pixels.
    private struct Network {
        let filters, weights: Tensor

        func callAsFunction(_ x: Tensor, batch: Tensor, _ function: ActivationFunction) -> Tensor {
            let settings = ConvolutionSettings(stride: 1, padding: 1)
            let seen = batch.convolved(with: filters, settings).gatedStatistics()
            let mean = seen.mean(-4, -3, -2), variance = ((seen - mean) * (seen - mean)).mean(-4, -3, -2)
            let scale = variance.reciprocalSquareRoot(epsilon: 1)
            let y = x.convolved(with: filters, settings)
                .activatedAffine(function, scale: scale, shift: -mean * scale)
                .maximumPooled(window: 2, stride: 2)
            return y.reshaped([x.shape[0], y.shape.count / x.shape[0]]).linear(weights)
        }
    }

    @Test(arguments: ActivationFunction.allCases, [0..<1, 1..<3, 0..<4])
    func rowsAreAsIfAlone(_ function: ActivationFunction, _ rows: Range<Int>) throws {
        let images = numbers([4, 4, 4, 3], 1)
        let seed = numbers([2, 4, 5], 4).sliced(rows, axis: -2)
        func gradientsOfGradients(_ isWhole: Bool) throws -> [Tensor] {
            let network = Network(filters: numbers([6, 3, 3, 3], 2).variable, weights: numbers([5, 24], 3).variable)
            let batch = images.variable, part: Tensor, output: Tensor
            if isWhole {
                let graph = try #require(RowGraph(rows, of: network(batch, batch: batch, function), from: batch))
                (part, output) = (graph.batch, graph.output)
            } else {
                part = images.rows(rows).variable
                output = network(part, batch: batch, function)
            }
            let first = gradients(of: output, seed: seed, with: [part], recording: true, statistics: .frozen)[0]
            return [output, first] + gradients(of: (first * first).total(), with: [network.filters, network.weights])
        }
        for (result, expected) in zip(try gradientsOfGradients(true), try gradientsOfGradients(false)) {
            expectAgreement(result, expected)
        }
    }

    @Test func rowsThatDoNotStandAloneAreRefused() {
        let x = numbers([4, 6], 1).variable
        // A sum over rows, and rows in another order.
        #expect(RowGraph(0..<2, of: x.sum(-2), from: x) == nil)
        #expect(RowGraph(0..<2, of: x.rows(at: [1, 0, 2, 3]), from: x) == nil)
        #expect(RowGraph(0..<2, of: numbers([4, 6], 2), from: x) == nil)
        #expect(RowGraph(0..<2, of: x.exponential(), from: x) != nil)
    }
}
