import Autodiff
import Layers

/// A network without its numbers: what it computes, and what its parameters and statistics are called and shaped.
public struct Model: Sendable {
    /// [height, width, channels] of an image.
    public let input: Shape
    /// Logits an image.
    public let classes: Int
    /// What a checkpoint keeps, besides settings and numbers, for the network to be built again; nil for most.
    public let structure: [UInt8]?
    /// What images in [0, 1] go through first.
    public let normalisation: InputNormalisation
    /// In the order of declaration, which is that of files and vectors.
    public let parameters: [ParameterDeclaration]
    /// Likewise.
    public let statistics: [StatisticsDeclaration]
    /// Whether this is a denoising network; see `prediction`.
    public let predictsNoise: Bool
    private let network: any Layer

    /// `input` is [height, width, channels]; the normalisation has as many channels.
    public init(_ architecture: some Architecture, normalisation: InputNormalisation, input: Shape, classes: Int) {
        precondition(
            normalisation.mean.count == input[-1], "Model: \(normalisation.mean.count) means for \(input[-1]) channels")
        var builder = ModelBuilder()
        predictsNoise = architecture.predictsNoise
        structure = architecture.structure
        network = architecture.build(input: input, classes: classes, in: &builder)
        parameters = builder.parameters
        statistics = builder.statistics
        self.normalisation = normalisation
        self.input = input
        self.classes = classes
    }

    /// Numbers of all parameters together.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.shape.count } }
    /// Numbers of all running means and variances together.
    public var statisticsCount: Int { statistics.reduce(0) { $0 + 2 * $1.channels } }

    /// Logits [B, classes] of images [B, H, W, C] in [0, 1]. The context reports what BatchNorm saw.
    public func callAsFunction(_ images: Tensor, _ context: inout ForwardContext) -> Tensor {
        precondition(images.shape.suffix(3) == input, "Model: images \(images.shape), expected [B] + \(input)")
        return network(normalisation(images, &context), &context)
    }

    /// Writes the network, its normalisation in front, on images [batch, C, H, W] in [0, 1] called `image`. Throws `usage`
    /// for one that has no form in ONNX.
    public func export(to graph: inout ExportedGraph) throws {
        let image = ExportedValue(name: "image", shape: [input[2], input[0], input[1]])
        let logits = try graph.export(network, normalisation.export(image, to: &graph))
        _ = graph.finish(logits, as: "logits")
    }

    /// What a denoising network says of noisy images [B, H, W, C], which are normalised images plus noise already:
    /// [B, H, W, C] without any further channels it may have.
    public func prediction(
        for noisy: Tensor, _ conditioning: Conditioning, _ context: inout ForwardContext
    ) -> Tensor {
        precondition(noisy.shape.suffix(3) == input, "Model: noisy images \(noisy.shape), expected [B] + \(input)")
        context.conditioning = conditioning
        let output = network(noisy, &context), channels = input[-1]
        return output.shape[-1] == channels ? output : output.sliced(0..<channels, axis: -1)
    }
}
