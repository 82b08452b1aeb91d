import Autodiff
import Checkpoints
import Failures
import Formats
import Foundation
import Kernels
import Layers
import Models
import TestSupport
import Testing

/// Weights that other programs saved: what is understood, and what is refused by name.
@Suite struct ForeignWeightsTests {
    private let pool = MemoryPool()

    /// Two stages of so many blocks, with a shortcut that has filters.
    private func network(_ blocks: [Int] = [1, 1], seed: UInt64 = 1) throws -> ModelState {
        var resnet = ResNet()
        resnet.widths = [2, 3]
        resnet.blocks = blocks
        let model = Model(
            resnet, normalisation: InputNormalisation(mean: [0], deviation: [1]), input: [8, 8, 1], classes: 3)
        let state = ModelState(initialising: model, seed: seed, in: pool)
        // Numbers that F16 and BF16 hold exactly.
        for i in 0..<state.parameters.count { state.parameters.pointer[i] = Scalar(i % 100 + 1) / 64 }
        for i in 0..<state.statistics.count { state.statistics.pointer[i] = Scalar(i % 50 + 1) / 32 }
        state.batchesTracked = 7
        return state
    }

    private func tensors(of state: ModelState) -> [TensorToWrite] {
        ParameterFiles.tensors(state.parameters, of: state) + ParameterFiles.statistics(of: state)
    }

    private func file(_ tensors: [TensorToWrite], _ metadata: [String: String] = [:]) throws -> SafetensorsFile {
        let folder = TemporaryDirectory(), path = folder.file("weights.safetensors")
        try SafetensorsWriter.write(to: path, metadata: metadata, tensors: tensors)
        return try SafetensorsFile(path: path)
    }

    private func renamed(_ tensors: [TensorToWrite], _ name: (String) -> String) throws -> [TensorToWrite] {
        let file = try file(tensors)
        return file.entries.map { entry in
            TensorToWrite(name: name(entry.name), elementType: entry.elementType, shape: entry.shape) {
                try file.withBytes(of: entry, $0)
            }
        }
    }

    /// Loads into a network of other numbers, which must then have those of `expected`.
    private func expectLoads(_ file: SafetensorsFile, _ expected: ModelState, batches: Int = 7) throws {
        let state = try network(seed: 2)
        state.parameters.pointer.update(repeating: -1, count: state.parameters.count)
        state.statistics.pointer.update(repeating: -1, count: state.statistics.count)
        state.batchesTracked = 0
        let weights = try ForeignWeights(file, for: state.model)
        try weights.load(state.parameters, of: state)
        try weights.loadStatistics(of: state)
        #expect(
            Array(UnsafeBufferPointer(start: state.parameters.pointer, count: state.parameters.count))
                == Array(UnsafeBufferPointer(start: expected.parameters.pointer, count: expected.parameters.count)))
        #expect(
            Array(UnsafeBufferPointer(start: state.statistics.pointer, count: state.statistics.count))
                == Array(UnsafeBufferPointer(start: expected.statistics.pointer, count: expected.statistics.count)))
        #expect(state.batchesTracked == batches)
    }

    private func refusal(
        _ file: SafetensorsFile, ignoresExtra: Bool = false, allowsMissing: Bool = false
    ) throws -> String {
        let state = try network()
        let thrown = #expect(throws: Failure.self) {
            try ForeignWeights(file, for: state.model, ignoresExtra: ignoresExtra, allowsMissing: allowsMissing)
        }
        #expect(thrown?.kind == .badInput && thrown?.description.hasPrefix(file.path) == true)
        return thrown?.description ?? ""
    }

    @Test(arguments: [
        "", "module.", "model.", "_orig_mod.", "state_dict.", "net.", "backbone.", "network.", "encoder.", "1.",
        "module._orig_mod.model.", "a.b.c.d.e.f.g.h.",
    ])
    func anyCommonPrefixIsTakenOff(prefix: String) throws {
        let state = try network()
        try expectLoads(file(renamed(tensors(of: state)) { prefix + $0 }), state)
    }

    @Test func torchvisionsNamesAreUnderstood() throws {
        let state = try network()
        let names = try renamed(tensors(of: state)) {
            "module."
                + $0.replacingOccurrences(of: "linear.", with: "fc.")
                .replacingOccurrences(of: "shortcut.", with: "downsample.")
        }
        #expect(names.contains { $0.name == "module.layer2.0.downsample.1.running_mean" })
        try expectLoads(file(names), state)
    }

    @Test func countersOfAnyTypeOrNone() throws {
        let state = try network(), all = tensors(of: state)
        let others = all.filter { !$0.name.hasSuffix("num_batches_tracked") }
        let counters = all.filter { $0.name.hasSuffix("num_batches_tracked") }
        try expectLoads(file(others), state, batches: 0)
        let seven: [(ElementType, [UInt8])] = [
            (.int32, [7, 0, 0, 0]), (.uint8, [7]), (.int16, [7, 0]), (.int8, [7]), (.float32, [0, 0, 0xE0, 0x40]),
            (.float16, [0, 0x47]), (.bfloat16, [0xE0, 0x40]), (.float64, [0, 0, 0, 0, 0, 0, 0x1C, 0x40]),
        ]
        for (type, bytes) in seven {
            for shape in [[], [1]] {
                let changed = counters.map { counter in
                    TensorToWrite(name: counter.name, elementType: type, shape: shape) { try bytes.withUnsafeBytes($0) }
                }
                try expectLoads(file(others + changed), state)
            }
        }
        let half = counters.map { TensorToWrite(name: $0.name, shape: [], values: [Float(0.5)]) }
        let refused = #expect(throws: Failure.self) { try expectLoads(file(others + half), state) }
        #expect(refused?.kind == .badInput && refused?.description.contains("counts 0.5 batches") == true)
    }

    @Test func otherFloatingPointTypesAreConvertedWithAWord() throws {
        let state = try network()
        for type in [ElementType.float16, .bfloat16, .float64] {
            let changed = try tensors(of: state).map { tensor in
                guard [.float32, .float64].contains(tensor.elementType) else { return tensor }
                let source = try file([tensor])
                let values: [Double] = try source.values(of: tensor.name)
                let bytes = values.flatMap { value -> [UInt8] in
                    switch type {
                    case .float16: withUnsafeBytes(of: Float16(value).bitPattern.littleEndian) { Array($0) }
                    case .bfloat16:
                        withUnsafeBytes(of: UInt16(Float(value).bitPattern >> 16).littleEndian) { Array($0) }
                    default: withUnsafeBytes(of: value) { Array($0) }
                    }
                }
                return TensorToWrite(name: tensor.name, elementType: type, shape: tensor.shape) {
                    try bytes.withUnsafeBytes($0)
                }
            }
            let other = try file(changed)
            try expectLoads(other, state)
            let remarks = try ForeignWeights(other, for: state.model).remarks
            #expect(
                MemoryLayout<Scalar>.size == 8
                    || remarks.contains { $0.contains("converted from \(type.rawValue) to F32") })
        }
    }

    @Test func aDeeperNetworkIsRefused() throws {
        let deep = try network([3, 1]), deeper = try file(tensors(of: deep))
        let text = try refusal(deeper)
        #expect(text.contains("holds 24 tensors that the network does not have: layer1.1.conv1.weight, "), "\(text)")
        #expect(text.contains("and 21 more") && text.contains("--ignore-extra"), "\(text)")
        let state = try network()
        let remarks = try ForeignWeights(deeper, for: state.model, ignoresExtra: true).remarks
        #expect(remarks.count == 1 && remarks[0].hasPrefix("left out: layer1.1.conv1.weight"))
    }

    @Test func aResNet34IsNoResNet18() throws {
        func resnet(_ blocks: [Int]) -> ModelState {
            var resnet = ResNet()
            resnet.widths = [2, 2, 2, 2]
            resnet.blocks = blocks
            let model = Model(
                resnet, normalisation: InputNormalisation(mean: [0], deviation: [1]), input: [8, 8, 1], classes: 3)
            return ModelState(initialising: model, seed: 1, in: pool)
        }
        let file = try file(
            renamed(tensors(of: resnet([3, 4, 6, 3]))) {
                "module._orig_mod."
                    + $0.replacingOccurrences(of: "linear.", with: "fc.")
                    .replacingOccurrences(of: "shortcut.", with: "downsample.")
            })
        let thrown = #expect(throws: Failure.self) { try ForeignWeights(file, for: resnet([2, 2, 2, 2]).model) }
        // Eight blocks more, of two convolutions and two normalisations of five tensors.
        let words = "holds 96 tensors that the network does not have: module._orig_mod.layer1.2."
        #expect(thrown?.description.contains(words) == true, "\(String(describing: thrown))")
        // What is shown of them tells more than the counters that stand first in the file.
        #expect(thrown?.description.contains("num_batches_tracked") == false)
    }

    @Test func anExtraBiasIsRefused() throws {
        let state = try network()
        let bias = TensorToWrite(name: "conv1.bias", shape: [2], values: [0, 0] as [Float])
        let text = try refusal(file(tensors(of: state) + [bias]))
        #expect(text.contains("holds 1 tensors that the network does not have: conv1.bias"), "\(text)")
    }

    @Test func whatIsMissingIsRefusedUnlessAllowed() throws {
        let state = try network()
        let part = try file(tensors(of: state).filter { !$0.name.hasPrefix("linear.") && $0.name != "bn1.running_var" })
        let text = try refusal(part)
        #expect(
            text.contains("lacks 3 of the network's tensors: linear.weight, linear.bias, bn1.running_var"), "\(text)")
        #expect(text.contains("--allow-missing"))
        let other = try network()
        other.parameters.pointer.update(repeating: -1, count: other.parameters.count)
        let weights = try ForeignWeights(part, for: other.model, allowsMissing: true)
        try weights.load(other.parameters, of: other)
        let last = other.parameters.count - 1
        #expect(other.parameters.pointer[last] == -1 && other.parameters.pointer[0] == state.parameters.pointer[0])
    }

    @Test func aFileOfSomethingElseIsRefused() throws {
        let text = try refusal(file([TensorToWrite(name: "x_adv", shape: [1], values: [1] as [Float])]))
        #expect(text.contains("holds none of the network's tensors, but x_adv, expected conv1.weight, "), "\(text)")
        let state = try network()
        let twice = try tensors(of: state) + renamed(tensors(of: state)) { "attacker." + $0 }
        #expect(try refusal(file(twice)).contains("attacker.conv1.weight"))
    }

    @Test(arguments: [
        ("mu", "sigma", [1, 1, 1, 1]), ("0.mean", "0.std", [1]),
        ("normalizer.new_mean", "normalizer.new_std", [1, 1, 1]),
    ])
    func normalisationBesideTheWeightsIsUsed(mean: String, deviation: String, shape: [Int]) throws {
        let state = try network()
        let buffers = [
            TensorToWrite(name: mean, shape: shape, values: [0.25] as [Float]),
            TensorToWrite(name: deviation, shape: shape, values: [0.5] as [Float]),
        ]
        let all = try renamed(tensors(of: state)) { "1." + $0 } + buffers
        let weights = try ForeignWeights(file(all), for: state.model)
        #expect(weights.normalisation?.mean == [0.25] && weights.normalisation?.std == [0.5])
        #expect(weights.remarks == ["images are normalised by \(mean) and \(deviation)"])
        let contradicting = try file(all, ["normalize": "{\"mean\":[0.3],\"std\":[0.5]}"])
        #expect(try refusal(contradicting).contains("normalize says something else than \(mean)"))
    }

    @Test func aCheckpointOfOnesOwnIsRead() throws {
        let state = try network()
        let more = ["optimizer.momentum.conv1.weight", "ema.conv1.weight"].map {
            TensorToWrite(name: $0, shape: [1], values: [1] as [Float])
        }
        try expectLoads(file(tensors(of: state) + more, ["format_version": "pag-checkpoint-1"]), state)
        #expect(try refusal(file(tensors(of: state) + more)).contains("optimizer.momentum.conv1.weight"))
    }

    @Test func aCheckpointThatClaimsMoreThanItHolds() throws {
        let state = try network()
        let metadata = [
            "model": "{kind: mlp, hidden: [65536, 65536], activation: relu}", "input": "8x8x1", "classes": "3",
        ]
        let claims = try file(tensors(of: state), metadata), description = try ModelDescription(from: claims)
        let thrown = #expect(throws: Failure.self) {
            try ParameterFiles.network(description, from: claims, in: MemoryPool())
        }
        #expect(thrown?.description == "\(claims.path): no tensor \"hidden.0.weight\"")
    }

    @Test func aCheckpointWithTensorsOfNoLayer() throws {
        let state = try network()
        let metadata = [
            "model": "{kind: resnet, widths: [2, 3], blocks: [1, 1]}", "input": "8x8x1", "classes": "3",
        ]
        let whole = try file(tensors(of: state), metadata)
        let loaded = try ParameterFiles.network(ModelDescription(from: whole), from: whole, in: pool)
        #expect(loaded.parameters.pointer[5] == state.parameters.pointer[5] && loaded.batchesTracked == 7)
        let stranger = TensorToWrite(name: "layer9.weight", shape: [1], values: [1] as [Float])
        let more = try file(tensors(of: state) + [stranger], metadata)
        #expect(
            throws: Failure(
                .badInput, "\(more.path): holds 1 tensors that the network does not have: layer9.weight")
        ) { try ParameterFiles.network(ModelDescription(from: more), from: more, in: pool) }
    }
}
