import Autodiff
import Checkpoints
import Configuration
import Failures
import Formats
import Foundation
import Kernels
import Layers
import Models
import TestSupport
import Testing

/// Networks that diffusers saved (Tests/Peer/diffusers_models.py), against what that library says they compute. Those
/// of the folder in PAG_DIFFUSERS are checked too.
@Suite struct DiffusersTests {
    static let folders: [String] = {
        let own = #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/Diffusers"
        let roots = [own] + (ProcessInfo.processInfo.environment["PAG_DIFFUSERS"].map { [$0] } ?? [])
        return roots.flatMap { root in
            ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted().map { "\(root)/\($0)" }
        }
    }()

    @Test(arguments: folders) func givesTheSameOutput(_ folder: String) throws {
        let pool = MemoryPool()
        let example = try SafetensorsFile(path: folder + "/example.safetensors")
        let saved = try DiffusersDirectory(path: folder)
        let state = try saved.load(in: pool)
        func images(_ name: String) throws -> Tensor {
            let entry = try example.entry(name, shape: nil), values: [Scalar] = try example.values(of: name)
            return Tensor(Shape(entry.shape), values, in: pool).transposed(-3, -2).transposed(-2, -1)
        }
        let sample = try images("sample"), expected = try images("output")
        let times: [Int64] = try example.values(of: "times")
        let labels: [Int64] =
            saved.rows > 0 ? try example.values(of: "labels") : Array(repeating: 0, count: times.count)
        var context = state.context(.inference)
        let output = state.model.prediction(
            for: sample, Conditioning(times: times.map { Double($0) }, classes: labels.map { Int($0) }), &context)
        #expect(output.shape == sample.shape)
        // The first channels: the others are of the variance.
        let noise = expected.sliced(0..<sample.shape[-1], axis: -1)
        let largest = zip(output.array, noise.array).map { abs(Double($0) - Double($1)) }.max() ?? .infinity
        #expect(largest < 1e-4, "\(folder): \(largest)")
    }

    @Test func tinyNetworksAreThere() { #expect(Self.folders.count >= 2) }

    /// A copy of a saved folder with another config.json.
    private func failure(_ change: (inout [String: Any]) -> Void) throws -> Failure? {
        let original = try #require(Self.folders.first)
        let folder = TemporaryDirectory(), copy = folder.file("saved")
        try FileManager.default.copyItem(atPath: original, toPath: copy)
        let path = URL(fileURLWithPath: copy + "/config.json")
        var json = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        change(&json)
        try JSONSerialization.data(withJSONObject: json).write(to: path)
        do {
            _ = try DiffusersDirectory(path: copy).load(in: MemoryPool())
            return nil
        } catch let failure as Failure { return failure }
    }

    @Test(arguments: [
        ("_class_name", "UNet2DConditionModel"), ("time_embedding_type", "fourier"), ("downsample_type", "resnet"),
        ("upsample_type", "resnet"), ("class_embed_type", "timestep"), ("act_fn", "mish"),
        ("resnet_time_scale_shift", "spatial"), ("mid_block_type", "UNetMidBlock2DCrossAttn"),
    ])
    func whatIsNotSupportedIsRefusedByName(_ key: String, _ value: String) throws {
        let failure = try failure { $0[key] = value }
        #expect(failure?.kind == .badInput)
        #expect(failure?.description.contains(key) == true, "\(failure?.description ?? "")")
        #expect(failure?.description.contains(value) == true, "\(failure?.description ?? "")")
    }

    @Test func hostileSettingsAreRefused() throws {
        let changes: [(String, Any)] = [
            ("block_out_channels", [1 << 40, 2]), ("block_out_channels", [9]), ("layers_per_block", -1),
            ("norm_num_groups", 0), ("norm_num_groups", 5), ("sample_size", -6), ("sample_size", 7),
            ("down_block_types", ["CrossAttnDownBlock2D", "DownBlock2D"]), ("num_class_embeds", -1),
            ("attention_head_dim", 13), ("in_channels", NSNull()), ("out_channels", 4), ("unheard_of", 1),
            ("downsample_padding", 3), ("freq_shift", 1e300), ("norm_eps", -1),
        ]
        for (key, value) in changes {
            let failure = try failure { $0[key] = value }
            #expect(failure?.kind == .badInput, "\(key): \(value)")
        }
    }

    @Test func weightsOfAnotherShapeAreRefusedByName() throws {
        let failure = try failure { $0["num_class_embeds"] = 5 }
        #expect(failure?.description.contains("class_embedding.weight") == true)
        let superfluous = try self.failure { $0["num_class_embeds"] = NSNull() }
        #expect(superfluous?.description.contains("class_embedding.weight") == true)
    }
}
