import Autodiff
import Kernels
import Models

/// The networks that benchmarks run, by the names of the command line.
public enum BenchmarkModel: String, Sendable, CaseIterable {
    case resnet18, resnet8, vit

    /// [height, width, channels] of the random images, CIFAR-10's.
    static let input: Shape = [32, 32, 3]

    /// Channels and blocks of a ResNet's stages; none of the transformer's.
    private var stages: (widths: [Int], blocks: [Int]) {
        switch self {
        case .resnet18: ([64, 128, 256, 512], [2, 2, 2, 2])
        case .resnet8: ([16, 32, 64], [1, 1, 1])
        case .vit: ([], [])
        }
    }
    private static let transformer = VisionTransformer()

    func network(classes: Int) -> Model {
        func model(_ architecture: some Architecture) -> Model {
            Model(
                architecture, normalisation: .init(mean: [0, 0, 0], deviation: [1, 1, 1]), input: Self.input,
                classes: classes)
        }
        if self == .vit { return model(Self.transformer) }
        var architecture = ResNet()
        (architecture.widths, architecture.blocks) = stages
        return model(architecture)
    }

    /// Places of one image at which the linear layer that owns a weight is applied.
    func places(ofWeight name: String) -> Int {
        let patches = Self.transformer.patch * Self.transformer.patch
        if self != .vit { return 1 }
        return name.hasPrefix("enc.") ? patches + 1 : name.hasPrefix("emb.") ? patches : 1
    }

    /// Floating-point operations of all attention's products for one image: scores, and values by weights.
    var attentionOperations: Double {
        if self != .vit { return 0 }
        let tokens = Double(Self.transformer.patch * Self.transformer.patch + 1)
        return Double(Self.transformer.layers) * 2 * 2 * tokens * tokens * Double(Self.transformer.hidden)
    }

    /// The geometry of every convolution for one image, in the order of `network`'s parameters.
    func convolutions(of network: Model) -> [ConvolutionGeometry] {
        let (widths, blocks) = stages
        if widths.isEmpty { return [] }
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
