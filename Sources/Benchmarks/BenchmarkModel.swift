import Autodiff
import Models

/// A network that benchmarks run: any classifier that the registry knows, with the settings that a configuration has by
/// default.
public struct BenchmarkModel: Sendable {
    /// As on the command line.
    public let name: String
    private let architecture: any Architecture

    /// [height, width, channels] of the random images, CIFAR-10's.
    static let input: Shape = [32, 32, 3]

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

    /// Nil where there is no classifier of that name.
    public init?(_ name: String) {
        guard let (name, architecture) = Self.all.first(where: { $0.name == name }) else { return nil }
        self.init(name, architecture)
    }

    func network(classes: Int) -> Model {
        Model(
            architecture, normalisation: .init(mean: [0, 0, 0], deviation: [1, 1, 1]), input: Self.input,
            classes: classes)
    }
}
