import Autodiff
import Models

/// A network that benchmarks run: any classifier that the registry knows, with the settings that a configuration has by
/// default, or one in an ONNX file.
public struct BenchmarkModel: Sendable {
    /// As on the command line.
    public let name: String
    private let architecture: any Architecture

    /// Pixels of the random images along both axes; CIFAR-10's if nobody says otherwise.
    public var side = 32
    /// [height, width, channels]
    var input: Shape { [side, side, 3] }

    private static var all: [(name: String, architecture: any Architecture)] {
        // What the registry's default is called in the literature.
        [("resnet8", ResNet())] + ModelRegistry.defaults.filter { !$0.architecture.predictsNoise }
    }
    /// All that `init` knows.
    public static var names: [String] { all.map(\.name) }
    /// Channels 16, 32 and 64, one block a stage.
    public static let resnet8 = BenchmarkModel("resnet8", ResNet())

    private init(_ name: String, _ architecture: any Architecture) {
        self.name = name
        self.architecture = architecture
    }

    /// Nil where there is no classifier of that name, and it is not that of an ONNX file.
    public init?(_ name: String) {
        if name.hasSuffix(".onnx") {
            var network = ONNXNetwork()
            network.path = name
            self.init(name, network)
            return
        }
        guard let (name, architecture) = Self.all.first(where: { $0.name == name }) else { return nil }
        self.init(name, architecture)
    }

    /// Throws `badInput` for a file that is no classifier of such images.
    func network(classes: Int) throws -> Model {
        var configuration = ModelConfiguration()
        configuration.architecture = architecture
        return try configuration.model(input: input, classes: classes)
    }
}
