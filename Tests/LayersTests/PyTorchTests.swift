import Autodiff
import Kernels
import Layers
import Testing

/// What PyTorch 2.15 computes in double precision. The constants come from
///
///     def numbers(*shape, step=7):
///         n = math.prod(shape)
///         return torch.tensor([((step * i) % 11 - 5) / 4 for i in range(n)], dtype=torch.float64).reshape(shape)
///     # Images and filters are made channels-last and permuted to PyTorch's order; `ours` permutes back.
///     y = layer(x); flat = ours(y).reshape(-1)
///     g = torch.autograd.grad((flat * numbers(flat.numel(), step=5)).sum(), [x, *layer.parameters()])
///     for t in [y, *g]:
///         t = ours(t).reshape(-1).tolist()
///         print(t[:6], sum(v * (i % 5 - 2) for i, v in enumerate(t)))
private struct Golden: Sendable, CustomTestStringConvertible {
    let name: String
    let input: Tensor
    var parameters: [Tensor] = []
    var inference = false
    let layer: @Sendable (inout ModelBuilder) -> any Layer
    let shape: Shape
    /// The first numbers of output, input gradient and parameter gradients, and a weighted sum of all of each.
    let expected: [[Double]]

    var testDescription: String { name }
}

private let pool = MemoryPool()
private func scales(_ channels: Int) -> [Tensor] {
    [numbers([channels], step: 3, plus: 1.5, in: pool), numbers([channels], step: 2, in: pool)]
}

private let normalisations: [Golden] = [
    Golden(
        name: "BatchNorm2d in training", input: numbers([2, 2, 3, 4], in: pool), parameters: scales(4),
        layer: { BatchNorm2d(4, in: &$0) }, shape: [2, 2, 3, 4],
        expected: [
            [-1.594285885, -0.1543216337, -1.292437141, 3.692858849, -1.143584363, -1.778898996, 17.55057093],
            [-0.2564348936, -0.05764531979, 2.622906071, -0.8547763478, 0.3046124554, -0.5502617563, -13.88021571],
            [2.547715548, 0.8935175494, 0.1489195916, 0.4820002388, -5.506948407],
            [-1.25, 0, 1.25, -0.25, 2.25],
        ]),
    Golden(
        name: "BatchNorm2d in inference", input: numbers([2, 2, 3, 4], in: pool), parameters: scales(4),
        inference: true, layer: { BatchNorm2d(4, in: &$0) }, shape: [2, 2, 3, 4],
        expected: [
            [-1.25, -0.2500011111, -2.437489063, 3.807555253, -0.8169901848, -1.083332593, 15.24974921],
            [-0.3608415126, 0, 2.187489063, -0.395283917, 0.2886732101, -0.3333325926, -9.488758554],
            [0.7938513278, 0.4583323148, -0.874995625, 0.07905678339, -1.966978187],
            [-1.25, 0, 1.25, -0.25, 2.25],
        ]),
    // torch.nn.GroupNorm(6, 12): the largest number of groups up to eight.
    Golden(
        name: "GroupNorm", input: numbers([2, 2, 1, 12], in: pool), parameters: scales(12),
        layer: { GroupNorm(12, in: &$0) }, shape: [2, 2, 1, 12],
        expected: [
            [-1.610476976, 0.182999231, -2.773338829, 2.582498078, 0.9620452798, 0.0837509612, 6.962775801],
            [-0.7810581559, -0.2928975407, -0.807860869, -0.4302229304, 0.1452344414, -0.2855885264, -6.846914301],
            [-0.2332498078, -1.187453567, -1.145044511, 0.8905901751, 1.95123974, 0.8408308322, 5.379869319],
            [-0.25, 2, 1.5, 1, 0.5, 0, -4.75],
        ]),
    Golden(
        name: "LayerNorm", input: numbers([3, 4], in: pool), parameters: scales(4),
        layer: { LayerNorm(4, in: &$0) }, shape: [3, 4],
        expected: [
            [-1.578264271, -0.2247771663, -1.169139959, 3.53264271, -1.20000064, -2.14998208, 8.752495978],
            [-1.194196846, -0.1131969494, 1.754518305, -0.447124509, 0.4879998207, 1.183942376, -1.249168806],
            [1.479873082, -0.8261130821, 0.4536989704, 1.12695444, -1.006678642],
            [0.25, -1.5, 2.25, -2.25, -1.25],
        ]),
]

private let products: [Golden] = [
    Golden(
        name: "Conv2d", input: numbers([2, 5, 4, 2], in: pool),
        parameters: [numbers([3, 3, 3, 2], step: 3, in: pool)],
        layer: { Conv2d(2, 3, kernel: 3, stride: 2, padding: 1, in: &$0) }, shape: [2, 3, 2, 3],
        expected: [
            [-3.3125, 0.5625, 3.0625, 2.5, 2.1875, 0.5, 40.0625],
            [-0.625, -0.625, -0.5, 3.125, -0.1875, 0, -26.25],
            [1.5625, -0.125, 1.5625, -1.9375, -2, 1.375, 0.25],
        ]),
    Golden(
        name: "Linear", input: numbers([2, 3], in: pool),
        parameters: [numbers([2, 3], step: 3, in: pool), numbers([2], step: 2, in: pool)],
        layer: { Linear(3, 2, in: &$0) }, shape: [2, 2],
        expected: [
            [-0.0625, -2.375, -3.125, 0.4375, 2.9375],
            [1.5625, 0.625, -0.3125, -1.8125, -0.375, 0.375, -7.0625],
            [3.125, -0.3125, -0.3125, -0.3125, -0.0625, 0.1875, -6.75],
            [0, -0.25, 0.25],
        ]),
]

private let pools: [Golden] = [
    // The input is (37 i mod 71) / 10, which has no ties.
    Golden(
        name: "MaximumPool2d",
        input: Tensor([1, 7, 5, 2], (0..<70).map { Scalar(37 * $0 % 71) / 10 }, in: pool),
        layer: { _ in MaximumPool2d(window: 3, stride: 2) }, shape: [1, 3, 2, 2],
        expected: [[3.6, 7, 4.2, 6.4, 6.6, 7, -17.1], [0, 0, 0, 0, 0, 0, -2.25]]),
    Golden(
        name: "GlobalAveragePool", input: numbers([2, 2, 3, 4], in: pool), layer: { _ in GlobalAveragePool() },
        shape: [2, 4],
        expected: [
            [-0.25, 0.125, 0.04166666667, -0.04166666667, 0.04166666667, -0.04166666667, 0.625],
            [-0.2083333333, 0, 0.2083333333, -0.04166666667, -0.2083333333, 0, 0.75],
        ]),
    Golden(
        name: "Flatten", input: numbers([2, 2, 3, 4], in: pool), layer: { _ in Flatten() }, shape: [2, 24],
        expected: [[-1.25, 0.25, -1, 0.5, -0.75, 0.75, -15.5], [-1.25, 0.75, 0, -0.75, 0, -0.75, -0.75]]),
]

private let activations: [Golden] = [
    Golden(
        name: "gelu", input: numbers([2, 5], in: pool), layer: { _ in Activation.gelu }, shape: [2, 5],
        expected: [
            [-0.1320622171, 0.3457312306, -0.1542687694, 1.117937783, 0.1496765814, -0.1699705143, 1.835684149],
            [0.1533269788, 0, 0.1656310942, -0.2806653958, 0.6953733549, -0.0003871391304, -2.048394147],
        ]),
    Golden(
        name: "silu", input: numbers([2, 5], in: pool), layer: { _ in Activation.silu }, shape: [2, 5],
        expected: [
            [-0.2783751735, 0.3112296656, -0.1887703344, 0.9716248265, 0.1405441252, -0.2406159756, 1.998233758],
            [-0.007898943856, 0, 0.3250485159, -0.2484202112, 0.6237100216, -0.07870002775, -1.172590254],
        ]),
    Golden(
        name: "relu", input: numbers([2, 5], in: pool), layer: { _ in Activation.relu }, shape: [2, 5],
        expected: [[0, 0.5, 0, 1.25, 0.25, 0, 1.75], [0, 0, 0, -0.25, 1, 0, -1]]),
]

@Suite struct PyTorchTests {
    @Test(arguments: normalisations + products + pools + activations)
    fileprivate func valuesAndGradients(_ golden: Golden) {
        let bench = Bench(golden.layer)
        #expect(bench.builder.parameters.map(\.shape) == golden.parameters.map(\.shape))
        // For inference: running_mean numbers(4, step=4), running_var numbers(4, step=6) + 2.
        let running = bench.builder.statistics.map {
            ForwardContext.SeenStatistics(
                mean: numbers([$0.channels], step: 4, in: pool),
                variance: numbers([$0.channels], step: 6, plus: 2, in: pool))
        }
        let x = golden.input.variable, parameters = golden.parameters.map(\.variable)
        let y = bench(x, parameters, golden.inference ? .inference : .training, running: running).output
        #expect(y.shape == golden.shape)
        let results = [y] + gradients(of: y, seed: numbers(y.shape, step: 5, in: pool), with: [x] + parameters)
        #expect(results.count == golden.expected.count)
        for (tensor, expected) in zip(results, golden.expected) {
            let sum = tensor.array.enumerated().reduce(0) { $0 + Double($1.element) * Double($1.offset % 5 - 2) }
            expectAgreement(
                tensor.array.prefix(expected.count - 1) + [Scalar(sum)], expected, within: isDouble ? 1e-9 : 5e-6)
        }
    }

    /// bn.running_mean and (bn.running_var - 0.9) / 0.1 after one step in training, times ten.
    @Test func batchStatistics() throws {
        let seen = Bench { BatchNorm2d(4, in: &$0) }(numbers([2, 2, 3, 4], in: pool), scales(4)).seen
        let statistics = try #require(seen.first ?? nil)
        expectAgreement(
            statistics.mean.array, [-0.10416666666667, 0.04166666666667, -0.04166666666667, 0.10416666666667],
            within: isDouble ? 1e-12 : 1e-6)
        expectAgreement(
            statistics.variance.array, [0.755208333333334, 0.645833333333333, 0.645833333333333, 0.755208333333334],
            within: isDouble ? 1e-12 : 1e-6)
        #expect(!statistics.mean.isRecorded && !statistics.variance.isRecorded)
    }
}
