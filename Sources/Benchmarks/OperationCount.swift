import Autodiff
import Kernels
import Models
import Synchronization

/// Floating-point operations of convolutions, linear layers and attention for one image, as the direct method counts
/// them: a multiplication and an addition for every weight and place. What faster algorithms save still counts, so that
/// rates compare; what else a network does does not.
struct OperationCount {
    /// Of every product in the order of the forward pass.
    private let products: [Double]
    /// Those that are convolutions.
    let convolutions: [ConvolutionGeometry]
    private let classes: Int

    /// Runs the network on one image, and looks on.
    init(_ network: Model) {
        let seen = Mutex<[(operation: any ProductOperation, inputs: [Shape])]>([])
        let pool = MemoryPool(
            for: Execution { operation, inputs, _ in
                guard let product = operation as? any ProductOperation else { return }
                seen.withLock { $0.append((product, inputs.map(\.shape))) }
            })
        var context = ModelState(network, in: pool).context(.inference)
        _ = network(Tensor([1] + network.input, repeating: 0, in: pool), &context)
        let passed = seen.withLock { $0 }
        products = passed.map { 2 * Double($0.operation.multiplications($0.inputs)) }
        convolutions = passed.compactMap { ($0.operation as? any ConvolvingOperation)?.geometry($0.inputs) }
        classes = network.classes
    }

    private var network: Double { products.reduce(0, +) }
    private var firstLayer: Double { products.first ?? 0 }

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
