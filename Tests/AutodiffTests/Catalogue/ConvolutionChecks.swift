import Autodiff
import Kernels

private struct Sizes: Sendable {
    var leading: Shape = [2]
    let height, width, inChannels, outChannels, kernelHeight, kernelWidth, stride, padding: Int

    var x: Shape { leading + [height, width, inChannels] }
    var w: Shape { [outChannels, kernelHeight, kernelWidth, inChannels] }
    var y: Shape {
        leading + [
            (height + 2 * padding - kernelHeight) / stride + 1, (width + 2 * padding - kernelWidth) / stride + 1,
            outChannels,
        ]
    }
    var settings: ConvolutionSettings { ConvolutionSettings(stride: stride, padding: padding) }
    var description: String { "\(kernelHeight)x\(kernelWidth), stride \(stride), padding \(padding)" }

    /// Calls `body` with the indices in x, w and y of every product that the definition sums.
    func forEachProduct(_ body: ([Int], [Int], [Int]) -> Void) {
        for outer in NaiveTensor.indices(y.extents) {
            let image = Array(outer.prefix(leading.rank)), place = outer.suffix(3).map { $0 }
            for kernel in NaiveTensor.indices([kernelHeight, kernelWidth, inChannels]) {
                let row = place[0] * stride + kernel[0] - padding, column = place[1] * stride + kernel[1] - padding
                guard row >= 0, row < height, column >= 0, column < width else { continue }
                body(image + [row, column, kernel[2]], [place[2]] + kernel, outer)
            }
        }
    }
}

private func family(_ sizes: Sizes) -> [OperationCheck] {
    [
        OperationCheck(
            name: "convolution \(sizes.description)", covers: ["Convolution"], inputs: [sizes.x, sizes.w]
        ) {
            $0[0].convolved(with: $0[1], sizes.settings)
        } reference: { operands in
            var y = NaiveTensor(sizes.y.extents) { _ in 0 }
            sizes.forEachProduct { y[$2] += operands[0][$0] * operands[1][$1] }
            return y
        },
        OperationCheck(
            name: "convolution input gradient \(sizes.description)", covers: ["ConvolutionInputGradient"],
            inputs: [sizes.y, sizes.w]
        ) {
            let x = Tensor(sizes.x, repeating: 0, in: $0[0].pool).variable
            return gradients(of: x.convolved(with: $0[1], sizes.settings), seed: $0[0], with: [x], recording: true)[0]
        } reference: { operands in
            var x = NaiveTensor(sizes.x.extents) { _ in 0 }
            sizes.forEachProduct { x[$0] += operands[0][$2] * operands[1][$1] }
            return x
        },
        OperationCheck(
            name: "convolution weight gradient \(sizes.description)", covers: ["ConvolutionWeightGradient"],
            inputs: [sizes.y, sizes.x]
        ) {
            let w = Tensor(sizes.w, repeating: 0, in: $0[0].pool).variable
            return gradients(of: $0[1].convolved(with: w, sizes.settings), seed: $0[0], with: [w], recording: true)[0]
        } reference: { operands in
            var w = NaiveTensor(sizes.w.extents) { _ in 0 }
            sizes.forEachProduct { w[$1] += operands[0][$2] * operands[1][$0] }
            return w
        },
    ]
}

let convolutionChecks: [OperationCheck] = [
    Sizes(height: 5, width: 4, inChannels: 2, outChannels: 3, kernelHeight: 3, kernelWidth: 3, stride: 1, padding: 1),
    Sizes(height: 6, width: 5, inChannels: 2, outChannels: 3, kernelHeight: 3, kernelWidth: 3, stride: 2, padding: 1),
    Sizes(height: 5, width: 6, inChannels: 3, outChannels: 1, kernelHeight: 3, kernelWidth: 3, stride: 2, padding: 0),
    Sizes(height: 4, width: 3, inChannels: 3, outChannels: 2, kernelHeight: 1, kernelWidth: 1, stride: 1, padding: 0),
    Sizes(height: 5, width: 6, inChannels: 2, outChannels: 1, kernelHeight: 1, kernelWidth: 1, stride: 2, padding: 0),
    Sizes(height: 3, width: 2, inChannels: 1, outChannels: 2, kernelHeight: 1, kernelWidth: 1, stride: 1, padding: 1),
    Sizes(height: 7, width: 6, inChannels: 1, outChannels: 2, kernelHeight: 5, kernelWidth: 5, stride: 2, padding: 2),
    Sizes(height: 3, width: 4, inChannels: 1, outChannels: 2, kernelHeight: 5, kernelWidth: 5, stride: 1, padding: 2),
    Sizes(height: 5, width: 6, inChannels: 2, outChannels: 2, kernelHeight: 3, kernelWidth: 2, stride: 1, padding: 0),
    Sizes(
        leading: [2, 3], height: 4, width: 3, inChannels: 1, outChannels: 2, kernelHeight: 3, kernelWidth: 3,
        stride: 2, padding: 1),
    Sizes(
        leading: [], height: 3, width: 4, inChannels: 2, outChannels: 1, kernelHeight: 3, kernelWidth: 3,
        stride: 1, padding: 1),
].flatMap(family)

/// Channels of filters alternate in sign, and no sum comes near the kink.
let activatedConvolutionChecks: [OperationCheck] = [
    Sizes(height: 5, width: 4, inChannels: 2, outChannels: 3, kernelHeight: 3, kernelWidth: 3, stride: 1, padding: 1),
    Sizes(height: 6, width: 5, inChannels: 2, outChannels: 3, kernelHeight: 3, kernelWidth: 3, stride: 2, padding: 1),
    Sizes(height: 5, width: 6, inChannels: 2, outChannels: 2, kernelHeight: 1, kernelWidth: 1, stride: 2, padding: 0),
].flatMap { sizes in
    [ActivationFunction.identity, .relu, .gelu].flatMap { function in
        [false, true].map { hasResidual in
            let sign = { @Sendable (channel: Int) in channel % 2 == 0 ? 1.0 : -1.0 }
            return OperationCheck(
                name: "activated convolution \(function.rawValue) \(sizes.description)",
                covers: ["ActivatedConvolution"],
                inputs: [sizes.x, sizes.w, [sizes.outChannels]] + (hasResidual ? [sizes.y] : []),
                domains: [.positive, .positive, .small, .small]
            ) {
                let signs = Tensor(
                    [sizes.outChannels, 1, 1, 1], (0..<sizes.outChannels).map { Scalar(sign($0)) }, in: $0[0].pool)
                return $0[0].convolved(
                    with: $0[1] * signs, sizes.settings, shift: $0[2], residual: hasResidual ? $0[3] : nil,
                    activation: function)
            } reference: { operands in
                var z = NaiveTensor(sizes.y.extents) { index in
                    operands[2][[index[index.count - 1]]] + (hasResidual ? operands[3][index] : 0)
                }
                sizes.forEachProduct { z[$2] += operands[0][$0] * operands[1][$1] * sign($1[0]) }
                return NaiveTensor(sizes.y.extents) { activated(function, z[$0]) }
            }
        }
    }
}
