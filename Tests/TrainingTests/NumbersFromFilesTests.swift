import Autodiff
import Configuration
import Failures
import Formats
import Foundation
import Kernels
import Layers
import Models
import Testing
import Training

/// Numbers that a file may state, and that no run arrives at: nothing is counted beyond what can be counted.
@Suite struct NumbersFromFilesTests {
    private static let constant = "train.schedule={kind: constant}"

    /// A finished run of six steps whose last checkpoint says something else under a key.
    private func folder(claiming key: String, _ value: String) throws -> RunTests.Folder {
        let folder = RunTests.Folder()
        try RunTests().train(folder, [Self.constant])
        let file = try SafetensorsFile(path: folder.checkpoint(6))
        var metadata = file.metadata
        metadata["checksum"] = nil
        metadata[key] = value
        try SafetensorsWriter.write(
            to: folder.checkpoint(6), metadata: metadata,
            tensors: file.entries.map { entry in
                TensorToWrite(name: entry.name, elementType: entry.elementType, shape: entry.shape) { body in
                    try file.withBytes(of: entry, body)
                }
            }, checksum: true)
        return folder
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "-1", "7", "1e3", "99999999999999999999"])
    func aStepThatItsRunNeverTookIsDamage(_ step: String) throws {
        let folder = try folder(claiming: "step", step)
        let failure = #expect(throws: Failure.self) {
            try RunTests().train(folder, [Self.constant], resume: .file(folder.checkpoint(6)))
        }
        #expect(failure?.kind == .badInput)
        // Found by itself, it is passed over for the one before.
        try RunTests().train(folder, [Self.constant])
        #expect(folder.checkpoints == ["step-00000004.safetensors", "step-00000006.safetensors"])
    }

    @Test(arguments: ["nan", "inf", "-inf", "many"]) func aBestThatIsNoNumberIsNone(_ best: String) throws {
        let folder = try folder(claiming: "best_robust_acc", best)
        try RunTests().train(folder, [Self.constant, "train.epochs=3"])
        let metadata = try SafetensorsFile(path: folder.path + "/checkpoints/step-00000009.safetensors").metadata
        #expect(metadata["best_robust_acc"] == nil)
    }

    @Test func theCounterOfBatchesEndsAtTheLargestNumber() {
        var architecture = ResNet()
        architecture.widths = [2]
        architecture.blocks = [1]
        let model = Model(
            architecture, normalisation: InputNormalisation(mean: [0], deviation: [1]), input: [4, 4, 1], classes: 2)
        let state = ModelState(initialising: model, seed: 1, in: MemoryPool())
        state.batchesTracked = .max - 1
        for _ in 0..<2 { state.commit(seen: Array(repeating: 1, count: model.statisticsCount)) }
        #expect(state.batchesTracked == .max)
    }

    @Test(arguments: [
        "{kind: resnet, widths: [4096, 4096, 4096, 4096], blocks: [64, 64, 64, 64]}",
        "{kind: mlp, hidden: [65536, 65536, 65536, 65536, 65536, 65536]}",
        "{kind: resnet, widths: [1099511627776], blocks: [1]}", "{kind: vit, patch: 0}", "{kind: vit, patch: 16}",
        "{kind: vit, head: 7}", "{kind: vit, layers: 1000000000}", "{kind: mlp, hidden: [-1]}",
        "{kind: resnet, blocks: [9223372036854775807, 1, 1]}",
    ])
    func aModelThatNoMachineHoldsIsRefused(_ model: String) {
        let failure = #expect(throws: Failure.self) { try RunTests().train(RunTests.Folder(), ["model=\(model)"]) }
        #expect(failure?.kind == .badInput || failure?.kind == .usage)
        #expect(failure?.description.contains("model") == true)
    }
}
