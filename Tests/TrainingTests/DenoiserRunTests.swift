import Configuration
import Distributed
import Failures
import Formats
import Foundation
import Logging
import Testing
import Training

/// Denoisers are trained by the same step as classifiers: the same promises hold.
@Suite struct DenoiserRunTests {
    static let text = """
        task: denoiser
        data: {dataset: digits, limit: 64, augment: {crop: 1, flip: false}}
        model: {kind: unet, block_out_channels: [8, 8], layers_per_block: 1, norm_num_groups: 4, attention_head_dim: 4}
        loss: {kind: denoising, noise: {kind: cosine}, prediction: v, labelDropping: 0.2}
        train: {epochs: 2, batch: 16, shard: 4, ema: 0.9, clip: 1, optimizer: {kind: adamw, lr: 0.001}}
        checkpoint: {everySteps: 4, keep: 3}
        """

    private func train(
        _ folder: RunTests.Folder, _ overrides: [String] = [], on communicator: any Communicator = SingleProcess()
    ) throws {
        let configuration: RunConfiguration = try Configuration.read(
            text: Self.text, source: "test", overrides: overrides)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try TrainingRun(
            configuration, directory: folder.path, resume: .auto, communicator: communicator, logger: logger,
            robustness: nil
        ).run()
    }

    @Test(arguments: [2, 4]) func anyNumberOfRanksGivesTheSameBits(_ ranks: Int) throws {
        let alone = RunTests.Folder(), together = RunTests.Folder()
        try train(alone)
        _ = try ThreadCommunicator.run(ranks: ranks) { try self.train(together, on: $0) }
        #expect(alone.bytes(8) != nil && alone.bytes(8) == together.bytes(8))
    }

    @Test func resumingGivesTheSameBits() throws {
        let whole = RunTests.Folder(), parts = RunTests.Folder()
        try train(whole)
        try train(parts)
        try FileManager.default.removeItem(atPath: parts.checkpoint(8))
        try train(parts)
        #expect(whole.bytes(8) != nil && whole.bytes(8) == parts.bytes(8))
    }

    /// The numbers of the log's lines of a kind. Foundation's reader would lose their last digit.
    private func lines(_ kind: String, _ folder: RunTests.Folder) throws -> [[String: Double]] {
        let text = FileManager.default.contents(atPath: folder.path + "/metrics.jsonl") ?? Data()
        return try String(decoding: text, as: UTF8.self).split(separator: "\n")
            .filter { $0.contains("\"kind\":\"\(kind)\"") }
            .map { line in
                let members = try JSONValue.parse(String(line), source: "metrics").members ?? []
                return Dictionary(
                    uniqueKeysWithValues: members.compactMap { member in
                        member.value.doubleValue.map { (member.key, $0) }
                    })
            }
    }

    static let watched = ["monitor={everyEpochs: 1, samples: 37}", "data.validation=40", "train.epochs=6"]

    @Test func theErrorOfHeldOutImagesFallsAndTheBestIsKept() throws {
        let alone = RunTests.Folder(), together = RunTests.Folder()
        try train(alone, Self.watched)
        _ = try ThreadCommunicator.run(ranks: 3) { try self.train(together, Self.watched, on: $0) }
        let errors = try lines("epoch", alone).compactMap { $0["loss"] }
        #expect(errors.count == 6)
        let first = try #require(errors.first), last = try #require(errors.last)
        #expect(last < 0.9 * first)
        #expect(try lines("epoch", together).compactMap { $0["loss"] } == errors)
        let best = try SafetensorsFile(path: alone.path + "/checkpoints/best.safetensors")
        #expect(best.metadata["best_error"].flatMap { Double($0) } == errors.min())
    }

    /// What learns nothing does not change: the noise is the same in every epoch.
    @Test func heldOutImagesAlwaysHaveTheSameNoise() throws {
        let folder = RunTests.Folder()
        let stands = ["train.ema=null", "train.optimizer.lr=1e-30", "train.optimizer.weightDecay=0"]
        try train(folder, Self.watched + stands)
        let errors = try lines("epoch", folder).compactMap { $0["loss"] }
        #expect(errors.count == 6 && Set(errors).count == 1)
    }

    @Test func theErrorFallsAndIsLoggedByNoiseLevel() throws {
        let folder = RunTests.Folder()
        try train(folder, ["train.epochs=20", "checkpoint.everySteps=0"])
        let steps = try lines("step", folder)
        let losses = steps.compactMap { $0["loss"] }
        #expect(losses.count == 80)
        let start: Double = losses.prefix(10).reduce(0, +), end: Double = losses.suffix(10).reduce(0, +)
        #expect(end < 0.8 * start)
        let names = Set(steps.flatMap(\.keys))
        #expect(names.filter { $0.hasPrefix("error_level_") }.count == 8)
        #expect(steps.allSatisfy { $0["train_acc"] == nil && $0["ce"] == nil })
    }

    @Test(arguments: [
        "model.kind=resnet", "loss.kind=vanilla", "task=classifier",
    ])
    func whatDoesNotBelongTogetherIsRefused(_ override: String) {
        let failure = #expect(throws: Failure.self) { try train(RunTests.Folder(), [override]) }
        #expect(failure.map { [.badInput, .usage].contains($0.kind) } == true)
    }
}
