import Autodiff
import Kernels
import Models

/// The networks that benchmarks run, by the names of the command line.
public enum BenchmarkModel: String, Sendable, CaseIterable {
    case resnet18, resnet8

    /// [height, width, channels] of the random images, CIFAR-10's.
    static let input: Shape = [32, 32, 3]

    private var widths: [Int] { self == .resnet18 ? [64, 128, 256, 512] : [16, 32, 64] }
    private var blocks: [Int] { self == .resnet18 ? [2, 2, 2, 2] : [1, 1, 1] }

    func network(classes: Int) -> Model {
        var architecture = ResNet()
        architecture.widths = widths
        architecture.blocks = blocks
        return Model(
            architecture, normalisation: .init(mean: [0, 0, 0], deviation: [1, 1, 1]), input: Self.input,
            classes: classes)
    }

    /// The geometry of every convolution for one image, in the order of `network`'s parameters.
    func convolutions(of network: Model) -> [ConvolutionGeometry] {
        var geometries = [geometry(side: Self.input[0], Self.input[-1], widths[0], kernel: 3, stride: 1)]
        var side = Self.input[0], channels = widths[0]
        for (stage, (width, count)) in zip(widths, blocks).enumerated() {
            for block in 0..<count {
                let stride = stage > 0 && block == 0 ? 2 : 1
                geometries.append(geometry(side: side, channels, width, kernel: 3, stride: stride))
                geometries.append(geometry(side: side / stride, width, width, kernel: 3, stride: 1))
                if stride > 1 || channels != width {
                    geometries.append(geometry(side: side, channels, width, kernel: 1, stride: stride))
                }
                (side, channels) = (side / stride, width)
            }
        }
        let filters = network.parameters.map(\.shape).filter { $0.rank == 4 }
        precondition(
            filters == geometries.map { [$0.outChannels, $0.kernelHeight, $0.kernelWidth, $0.inChannels] },
            "BenchmarkModel: \(self) has other convolutions than are counted")
        return geometries
    }

    private func geometry(side: Int, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int) -> ConvolutionGeometry {
        ConvolutionGeometry(
            images: 1, height: side, width: side, inChannels: inputs, outChannels: outputs, kernelHeight: kernel,
            kernelWidth: kernel, stride: stride, padding: kernel / 2)
    }
}

/// What a step does with the network.
public enum BenchmarkObjective: String, Sendable, CaseIterable {
    /// The aligned-gradient step: cross-entropy and the alignment of all classes' input gradients.
    case pag
    /// A plain cross-entropy step.
    case ce
    /// Inference.
    case infer
}
