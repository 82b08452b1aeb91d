import Autodiff
import Configuration
import Failures
import Kernels
import Layers
import ONNX

/// A network that another program wrote to an ONNX file.
public struct ONNXNetwork: Architecture {
    /// The file.
    public var path = ""
    /// The file without its parameters, where a checkpoint has both.
    public private(set) var structure: [UInt8]?

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("path", &path)
        try fields.require(!path.allSatisfy(\.isWhitespace), "path", "is empty; name the ONNX file")
    }

    public var predictsNoise: Bool { false }
    public func problem(with input: Shape, classes: Int) -> String? { nil }
    public var files: [String] { [path] }

    public func opened(input: Shape, classes: Int) throws -> any Architecture {
        let file = try structure.map { try ONNXFile(bytes: $0, name: path) } ?? ONNXFile(path: path)
        return try TranslatedGraph(GraphTranslation(file, input: input, classes: classes))
    }
    public func restored(from structure: [UInt8]) -> any Architecture {
        var network = self
        network.structure = structure
        return network
    }
    public func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        preconditionFailure("ONNXNetwork: not opened")
    }
}

/// What has been made of an ONNX file for images of one shape.
private struct TranslatedGraph: Architecture {
    private let steps: [GraphNetwork.Step]
    private let slots, result: Int
    private let parameters: [GraphBuilder.Parameter]
    private let statistics: [GraphBuilder.Statistics]
    let structure: [UInt8]?

    init() { preconditionFailure("TranslatedGraph: without a file") }
    init(_ translation: GraphTranslation) throws {
        let builder = translation.builder
        steps = builder.steps
        slots = builder.slots
        result = translation.result
        parameters = builder.parameters
        statistics = builder.statistics
        structure = try builder.file.bytes(
            without: Set(parameters.map(\.name) + statistics.flatMap { [$0.meanName, $0.varianceName] }))
    }

    mutating func visit(_ fields: inout FieldVisitor) throws {}
    var predictsNoise: Bool { false }
    func problem(with input: Shape, classes: Int) -> String? { nil }

    func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        let parameters = parameters.map { parameter in
            builder.parameter(
                parameter.name, parameter.shape, layout: parameter.layout,
                parameter.numbers.map { .given($0.map { Scalar($0) }) } ?? .constant(0))
        }
        let statistics = statistics.map { statistics in
            builder.runningStatistics(
                mean: statistics.meanName, variance: statistics.varianceName,
                counter: statistics.counterName, channels: statistics.channels,
                start: statistics.numbers.map {
                    StatisticsDeclaration.Start(
                        mean: $0.mean.map { Scalar($0) }, variance: $0.variance.map { Scalar($0) })
                })
        }
        return GraphNetwork(steps, slots: slots, result: result, parameters: parameters, statistics: statistics)
    }
}
