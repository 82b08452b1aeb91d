import Models

/// Floating-point operations of convolutions, linear layers and attention for one image, as the direct method counts them: a
/// multiplication and an addition for every weight and place. What faster algorithms save still counts, so that rates
/// compare; what else a network does does not.
struct OperationCount {
    private let network: Double
    private let firstLayer: Double
    private let classes: Int

    init(_ model: BenchmarkModel, _ network: Model) {
        let convolutions = model.convolutions(of: network).map(\.operations)
        let linear = network.parameters.filter { $0.shape.rank == 2 }.map { weight in
            2 * Double(weight.shape.count * model.places(ofWeight: weight.name))
        }
        let layers = convolutions + linear
        self.network = layers.reduce(model.attentionOperations, +)
        firstLayer = layers.first ?? 0
        classes = network.classes
    }

    /// A forward pass, and a pass back to the images.
    var inputGradient: Double { 2 * network }

    /// Nobody asks for the gradient of a training loss with respect to the images. The alignment term takes an input
    /// gradient for every class, and the same again twice to carry its derivative to cotangents and to weights.
    func step(_ objective: BenchmarkObjective) -> Double {
        switch objective {
        case .infer: network
        case .ce: 3 * network - firstLayer
        case .pag: 3 * network - firstLayer + 3 * Double(classes) * network
        }
    }
}
