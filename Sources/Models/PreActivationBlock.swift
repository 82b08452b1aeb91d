import Autodiff
import Layers

/// Two 3x3 convolutions, each of a normalised and activated input, and a shortcut around both. Where the shape changes
/// that is a strided 1x1 convolution of what goes into the first.
struct PreActivationBlock: ExportableLayer {
    private let norm: ActivatedNormalisation
    private let first: NormalisedConvolution
    private let second: Conv2d
    private let shortcut: Conv2d?

    /// - Parameter shortcut: what the shortcut's convolution is called within the block.
    init(
        _ inChannels: Int, _ outChannels: Int, stride: Int, shortcut name: String, activation: Activation,
        norm: Normalisation, in builder: inout ModelBuilder
    ) {
        self.norm = ActivatedNormalisation(
            builder.scope("bn1") { norm.layer(channels: inChannels, in: &$0) }, activation)
        first = NormalisedConvolution(
            builder.scope("conv1") {
                Conv2d(inChannels, outChannels, kernel: 3, stride: stride, padding: 1, in: &$0)
            },
            builder.scope("bn2") { norm.layer(channels: outChannels, in: &$0) }, activation)
        second = builder.scope("conv2") { Conv2d(outChannels, outChannels, kernel: 3, padding: 1, in: &$0) }
        guard stride != 1 || inChannels != outChannels else {
            shortcut = nil
            return
        }
        shortcut = builder.scope(name) {
            Conv2d(inChannels, outChannels, kernel: 1, stride: stride, in: &$0)
        }
    }

    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let activated = norm(x, &context)
        let hidden = first(activated, &context)
        return second(hidden, &context) + (shortcut?(activated, &context) ?? x)
    }
    func export(_ x: ExportedValue, to graph: inout ExportedGraph) throws -> ExportedValue {
        let activated = try norm.export(x, to: &graph)
        let hidden = try first.export(activated, to: &graph)
        return graph.sum(second.export(hidden, to: &graph), shortcut?.export(activated, to: &graph) ?? x)
    }
}
