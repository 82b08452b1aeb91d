import Autodiff
import Configuration
import Layers

/// Linear layers with an activation between, over the pixels in PyTorch's order.
public struct MultilayerPerceptron: Architecture {
    /// Widths of the layers between pixels and logits; none is a linear classifier.
    public var hidden = [32]
    /// After every layer but the last.
    public var activation = Activation.relu

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("hidden", &hidden, count: 0...32, check: .within(1...65536))
        try fields.value("activation", &activation)
    }

    public var predictsNoise: Bool { false }
    public func problem(with input: Shape, classes: Int) -> String? { nil }

    public func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        var layers: [any Layer] = [Flatten()]
        var width = input.count
        for (index, next) in hidden.enumerated() {
            layers.append(
                builder.scope("hidden") { builder in builder.scope("\(index)") { Linear(width, next, in: &$0) } })
            layers.append(activation)
            width = next
        }
        layers.append(builder.scope("linear") { Linear(width, classes, in: &$0) })
        return Sequential(layers)
    }
}
