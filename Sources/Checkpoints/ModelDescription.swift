import Autodiff
import Configuration
import Failures
import Formats
import Foundation
import Models

/// What a file has to say about a network, besides its numbers, for the network to be built again.
public struct ModelDescription: Sendable {
    /// What kind of network it is, and of what size.
    public var configuration: ModelConfiguration
    /// [height, width, channels]
    public var input: Shape
    public var classes: Int
    /// What the configuration does not say of the network; see `Architecture.structure`.
    public var structure: [UInt8]?

    public init(configuration: ModelConfiguration, input: Shape, classes: Int) {
        self.configuration = configuration
        self.input = input
        self.classes = classes
    }

    /// The network, without numbers. Throws `badInput` where the configuration does not fit the images.
    public func model() throws -> Model { try configuration.model(input: input, classes: classes) }

    /// As metadata of a safetensors file.
    public func metadata() throws -> [String: String] {
        var metadata = [
            "model": try Configuration.json(of: configuration),
            "input": input.extents.map(String.init).joined(separator: "x"),
            "classes": String(classes),
        ]
        metadata["structure"] = structure.map { Data($0).base64EncodedString() }
        return metadata
    }

    /// Reads what `metadata` wrote. Throws `badInput` naming the file.
    public init(from file: SafetensorsFile) throws {
        guard let text = file.metadata["model"] else {
            throw Failure.badInput(file.path, "no description of a model in its metadata", expected: "a pag checkpoint")
        }
        configuration = try Configuration.read(text: text, source: "\(file.path): model")
        let extents = (file.metadata["input"] ?? "").split(separator: "x").map { Int($0) ?? 0 }
        classes = file.metadata["classes"].flatMap { Int($0) } ?? 0
        guard extents.count == 3, extents.allSatisfy({ (1...4096).contains($0) }), (1...100_000).contains(classes)
        else {
            throw Failure.badInput(
                file.path,
                "input \((file.metadata["input"] ?? "").quoted), "
                    + "classes \((file.metadata["classes"] ?? "").quoted)",
                expected: "HxWxC and a number of classes")
        }
        input = Shape(extents)
        if let text = file.metadata["structure"] {
            guard let bytes = Data(base64Encoded: text) else {
                throw Failure.badInput(file.path, "structure in its metadata is damaged", expected: "base64")
            }
            structure = Array(bytes)
            configuration.architecture = configuration.architecture.restored(from: Array(bytes))
        }
    }
}
