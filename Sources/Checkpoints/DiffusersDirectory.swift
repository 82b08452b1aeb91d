import Autodiff
import Configuration
import Failures
import Formats
import Glibc
import Models

/// A folder that the Python library diffusers saved a `UNet2DModel` in: `config.json` and
/// `diffusion_pytorch_model.safetensors`.
public struct DiffusersDirectory {
    /// What the file says of the network; the classes are those of its table but the last, which is the empty class.
    public let description: ModelDescription
    /// Rows of its class table, 0 where it knows no classes.
    public let rows: Int
    private let weights: String

    /// Whether the path is a folder with such a `config.json`.
    public static func isOne(_ path: String) -> Bool { access(settingsFile(path), F_OK) == 0 }

    /// The files in such a folder that are read.
    public static func files(_ path: String) -> [String] { [settingsFile(path), weightsFile(path)] }

    private static func settingsFile(_ path: String) -> String { path + "/config.json" }
    private static func weightsFile(_ path: String) -> String { path + "/diffusion_pytorch_model.safetensors" }

    /// Reads `config.json`. Throws `badInput` naming the key of what is not supported.
    /// - Parameter input: [height, width, channels] where the file leaves the size open.
    public init(path: String, input: Shape? = nil) throws {
        weights = Self.weightsFile(path)
        let source = Self.settingsFile(path)
        let json = try FileContents.json(source, limit: Configuration.maximumBytes)
        guard json.members != nil else { throw Failure.badInput(source, "is not a JSON object") }
        let className = json["_class_name"] ?? .null
        guard className == .null || className.stringValue == "UNet2DModel" else {
            throw Failure.badInput(
                source, "_class_name is \(className.text()), which is not supported", expected: "\"UNet2DModel\"")
        }
        let embedding = json["class_embed_type"] ?? .null
        guard embedding == .null else {
            throw Failure.badInput(
                source, "class_embed_type is \(embedding.text()), which is not supported", expected: "null")
        }
        let size = json["sample_size"] ?? .null
        for key in ["norm_num_groups", "in_channels"] where json[key] ?? .null == .null {
            throw Failure.badInput(source, "\(key) is missing or null", expected: "a number")
        }
        let unet: UNet = try Configuration.read(text: Self.settings(json).text(), source: source)
        let sides = try Self.sides(size, source) ?? input?.extents.dropLast() ?? []
        guard sides.count == 2, let channels = unet.inChannels else {
            throw Failure.badInput(source, "sample_size is null", expected: "the images' height and width")
        }
        rows = unet.classEmbeddings ?? 0
        var configuration = ModelConfiguration()
        configuration.architecture = unet
        configuration.normalize = .init(
            mean: Array(repeating: 0.5, count: channels), std: Array(repeating: 0.5, count: channels))
        description = ModelDescription(
            configuration: configuration, input: [sides[0], sides[1], channels],
            classes: max(1, rows - 1))
    }

    /// The members that say what the network computes.
    private static func settings(_ json: JSONValue) -> JSONValue {
        let others = ["class_embed_type", "sample_size", "dropout", "num_train_timesteps"]
        let members = json.members ?? []
        var settings = JSONValue.object(
            members.filter { !others.contains($0.key) && !$0.key.utf8.starts(with: "_".utf8) })
        if settings["num_class_embeds"] ?? .null == .null { settings["num_class_embeds"] = 0 }
        return settings
    }

    private static func sides(_ size: JSONValue, _ source: String) throws -> [Int]? {
        if size == .null { return nil }
        let sides = size.arrayValue.map { $0.map { $0.intValue ?? 0 } } ?? [size.intValue ?? 0, size.intValue ?? 0]
        guard sides.count == 2, sides.allSatisfy({ (1...4096).contains($0) }) else {
            throw Failure.badInput(source, "sample_size is \(size.text())", expected: "a side of 1 to 4096, or two")
        }
        return sides
    }

    /// The network with its numbers. Throws `badInput` naming what is missing or has another shape.
    public func load(in pool: MemoryPool) throws -> ModelState {
        let file = try SafetensorsFile(path: weights), model = try description.model()
        func name(_ name: String) -> String { file.entry(name) == nil ? Self.formerName(name) : name }
        try ParameterFiles.check(model, in: file, name: name)
        let state = ModelState(model, in: pool)
        try ParameterFiles.load(state.parameters, of: state, from: file, name: name)
        let known = Set(state.model.parameters.flatMap { [$0.name, Self.formerName($0.name)] })
        if let stranger = file.entries.first(where: { !known.contains($0.name) }) {
            throw Failure.badInput(weights, "tensor \(stranger.name) is of no layer that config.json describes")
        }
        return state
    }

    /// What attention's layers were called in files of earlier versions.
    private static func formerName(_ name: String) -> String {
        for (new, old) in [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")] {
            for part in ["weight", "bias"] where name.hasSuffix(".\(new).\(part)") {
                return name.dropLast(new.count + part.count + 1) + "\(old).\(part)"
            }
        }
        return name
    }
}
