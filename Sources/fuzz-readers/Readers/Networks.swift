import Autodiff
import Checkpoints
import Configuration
import Failures
import Formats
import Kernels
import Models
import Training

func safetensors(_ network: TinyNetwork) throws -> FuzzedReader {
    let small = try Scratch.bytes {
        try SafetensorsWriter.write(
            to: $0, metadata: ["a": "b"],
            tensors: [
                TensorToWrite(name: "x", shape: [2, 1], values: [1, 2] as [Float]),
                TensorToWrite(name: "y", shape: [], values: [3] as [Int64]),
                TensorToWrite(name: "empty", shape: [0, 3], values: [] as [UInt8]),
            ], checksum: true)
    }
    return FuzzedReader(
        name: "safetensors", share: 6, seeds: [small, small, try network.file([:])],
        mutation: Mutation(
            structure: .safetensors, words: ["\"dtype\":", "\"F16\"", "\"I64\"", "\"__metadata__\":", "\"shape\":[]"])
    ) { input, folder in
        let file = try SafetensorsFile(path: try folder.write(input, to: "a.safetensors"))
        for entry in file.entries.prefix(4) {
            let floats: [Float]? = try? file.values(of: entry.name),
                integers: [Int64]? = try? file.values(of: entry.name)
            precondition(
                (floats?.count ?? entry.count) == entry.count && (integers?.count ?? entry.count) == entry.count)
        }
        _ = try ParameterFiles.parameterHash(of: file)
        _ = try file.verifyChecksum()
    }
}

func checkpoint(_ network: TinyNetwork) throws -> FuzzedReader {
    FuzzedReader(
        name: "checkpoint", share: 40, seeds: [try network.file(network.description.metadata())],
        mutation: Mutation(
            structure: .safetensors,
            words: ["ema.", "optimizer.", "mlp", "vit", "unet", "[4096, 4096]", "hidden", "8x8x1"])
    ) { input, folder in
        let file = try SafetensorsFile(path: try folder.write(input, to: "a.safetensors"))
        _ = try ParameterFiles.network(ModelDescription(from: file), from: file, .evaluated, in: MemoryPool())
    }
}

func foreignWeights(_ network: TinyNetwork) throws -> FuzzedReader {
    let buffers = ["mu", "sigma"].map { TensorToWrite(name: $0, shape: [1], values: [0.5] as [Float]) }
    return FuzzedReader(
        name: "foreign-weights", share: 40,
        seeds: [
            try network.file(["normalize": #"{"mean":[0.5],"std":[0.5]}"#]), try network.file([:], more: buffers),
        ],
        mutation: Mutation(structure: .safetensors, words: ["module.", "fc.", "downsample.", "\"F16\"", "std", "mean"])
    ) { input, folder in
        let file = try SafetensorsFile(path: try folder.write(input, to: "a.safetensors"))
        let weights = try ForeignWeights(file, for: network.state.model, ignoresExtra: true, allowsMissing: true)
        let state = ModelState(network.state.model, in: MemoryPool())
        try weights.load(state.parameters, of: state)
        try weights.loadStatistics(of: state)
    }
}

func golden(_ network: TinyNetwork) throws -> FuzzedReader {
    let renamed = try Scratch.bytes { path in
        let own = try network.file([:]), source = try Scratch()
        let file = try SafetensorsFile(path: try source.write(own, to: "own"))
        let tensors = file.entries.map { entry in
            TensorToWrite(name: "param." + entry.name, elementType: entry.elementType, shape: entry.shape) {
                try file.withBytes(of: entry, $0)
            }
        }
        try SafetensorsWriter.write(
            to: path,
            metadata: [
                "model": try Configuration.json(of: network.description.configuration), "lambda": "0.5",
                "gradient": "logit", "statistics": "frozen",
            ],
            tensors: tensors + [
                TensorToWrite(name: "x", shape: [1, 1, 8, 8], values: [Float](repeating: 0.5, count: 64)),
                TensorToWrite(name: "g", shape: [1, 10, 1, 8, 8], values: [Float](repeating: 0.1, count: 640)),
                TensorToWrite(name: "y", shape: [1], values: [3] as [Int64]),
                TensorToWrite(name: "expect.loss", shape: [], values: [1] as [Float]),
            ])
    }
    return FuzzedReader(
        name: "golden", share: 200, seeds: [renamed],
        mutation: Mutation(structure: .safetensors, words: ["expect.grad.", "param.", "logprob", "eval", "per-class"])
    ) { input, folder in
        _ = try GoldenStep(path: try folder.write(input, to: "a.safetensors")).replay()
    }
}

var diffusers: FuzzedReader {
    FuzzedReader(
        name: "diffusers", share: 40,
        seeds: [
            """
            {"_class_name": "UNet2DModel", "_diffusers_version": "0.30.0", "act_fn": "silu", "attention_head_dim": 4,
             "block_out_channels": [8, 16], "center_input_sample": false, "class_embed_type": null, "dropout": 0.0,
             "down_block_types": ["DownBlock2D", "AttnDownBlock2D"], "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
             "in_channels": 1, "out_channels": 1, "layers_per_block": 1, "norm_eps": 1e-05, "norm_num_groups": 4,
             "num_class_embeds": 11, "sample_size": 8, "time_embedding_type": "positional"}
            """
        ].map { Array($0.utf8) },
        mutation: Mutation(structure: .text, words: ["\"_a\": 1,", "4096", "null", "[[]]"])
    ) { input, folder in
        try folder.write(input, to: "net/config.json")
        let directory = try DiffusersDirectory(path: "\(folder.path)/net")
        // Whatever the configuration describes, its weights are not there.
        try folder.write([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d], to: "net/diffusion_pytorch_model.safetensors")
        do { _ = try directory.load(in: MemoryPool()) } catch let failure as Failure where failure.kind == .badInput {}
    }
}
