import Configuration
import Data
import Distributed
import Failures
import Foundation
import Kernels
import Logging
import TestSupport
import Testing
import Training

/// Whole runs on the embedded digits, small enough for a test.
@Suite struct RunTests {
    static let text = """
        data: {dataset: digits, limit: 96, validation: 0, augment: {crop: 1, flip: true}}
        model: {kind: resnet, widths: [4], blocks: [1], activation: gelu}
        loss: {alignment: {weight: 0.5, classesPerImage: 3, targets: {kind: nearest-neighbour, sample: 4}}}
        train: {epochs: 2, batch: 32, shard: 8, ema: 0.9, clip: 5, optimizer: {kind: adamw, lr: 0.01}}
        monitor: {everyEpochs: 0}
        checkpoint: {everySteps: 2, keep: 2}
        """

    final class Folder: Sendable {
        private let directory = TemporaryDirectory()
        /// Not there at first.
        var path: String { directory.file("run") }
        func checkpoint(_ step: Int) -> String { "\(path)/checkpoints/step-0000000\(step).safetensors" }
        func bytes(_ step: Int) -> Data? { FileManager.default.contents(atPath: checkpoint(step)) }
        var checkpoints: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints")) ?? []).sorted()
        }
    }

    func train(
        _ folder: Folder, _ overrides: [String] = [], resume: Resume = .auto, from start: WarmStart? = nil,
        on communicator: any Communicator = SingleProcess()
    ) throws {
        let configuration: RunConfiguration = try Configuration.read(
            text: Self.text, source: "test", overrides: overrides)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try TrainingRun(
            configuration, directory: folder.path, resume: resume, from: start, communicator: communicator,
            logger: logger,
            robustness: nil
        ).run()
    }

    @Test func aRunLeavesItsCheckpointsAndRecords() throws {
        let folder = Folder()
        try train(folder)
        #expect(folder.checkpoints == ["step-00000004.safetensors", "step-00000006.safetensors"])
        let metrics = String(
            decoding: FileManager.default.contents(atPath: folder.path + "/metrics.jsonl") ?? Data(), as: UTF8.self)
        #expect(metrics.split(separator: "\n").count { $0.contains("\"kind\":\"step\"") } == 6)
        #expect(FileManager.default.fileExists(atPath: folder.path + "/config.yaml"))
    }

    @Test func resumingInMidEpochGivesTheSameBits() throws {
        let whole = Folder(), parts = Folder()
        try train(whole)
        try train(parts)
        for step in [4, 6] { #expect(whole.bytes(step) == parts.bytes(step)) }
        // As if the process had been killed after step 4 (an epoch has three steps).
        try FileManager.default.removeItem(atPath: parts.checkpoint(6))
        try train(parts)
        #expect(whole.bytes(6) != nil && whole.bytes(6) == parts.bytes(6))
    }

    @Test(arguments: [2, 3, 4, 5]) func anyNumberOfRanksGivesTheSameBits(_ ranks: Int) throws {
        let alone = Folder(), together = Folder()
        try train(alone)
        _ = try ThreadCommunicator.run(ranks: ranks) { try self.train(together, on: $0) }
        #expect(alone.bytes(6) != nil && alone.bytes(6) == together.bytes(6))
    }

    /// A loss with an inner attack from random points and the alignment term.
    static let adversarial =
        "loss={kind: trades, attack: {steps: 2, statistics: train}, alignment: {weight: 0.2, classesPerImage: 3}}"

    @Test(arguments: [2, 3, 4]) func adversarialLossesToo(_ ranks: Int) throws {
        let alone = Folder(), together = Folder()
        try train(alone, [Self.adversarial])
        _ = try ThreadCommunicator.run(ranks: ranks) { try self.train(together, [Self.adversarial], on: $0) }
        #expect(alone.bytes(6) != nil && alone.bytes(6) == together.bytes(6))
        try FileManager.default.removeItem(atPath: together.checkpoint(6))
        try train(together, [Self.adversarial])
        #expect(alone.bytes(6) == together.bytes(6))
    }

    @Test(arguments: ["at", "trades", "mart", "gradient-penalty"]) func everyLossTrains(_ kind: String) throws {
        let folder = Folder()
        try train(folder, ["loss={kind: \(kind)}", "train.epochs=1"])
        let metrics = String(
            decoding: FileManager.default.contents(atPath: folder.path + "/metrics.jsonl") ?? Data(), as: UTF8.self)
        let steps = metrics.split(separator: "\n").filter { $0.contains("\"kind\":\"step\"") }
        #expect(steps.count == 3)
        #expect(steps.allSatisfy { $0.contains("perturbed_acc") == (kind != "gradient-penalty") })
        #expect(steps.allSatisfy { $0.contains("regularisation") == (kind != "at") })
    }

    @Test func aDamagedNewestCheckpointIsPassedOver() throws {
        let folder = Folder(), whole = Folder()
        try train(whole)
        try train(folder)
        var bytes = try #require(folder.bytes(6))
        bytes[bytes.count - 10] ^= 1
        try bytes.write(to: URL(fileURLWithPath: folder.checkpoint(6)))
        try train(folder)
        #expect(folder.bytes(6) == whole.bytes(6))
    }

    @Test func anotherConfigurationIsRefused() throws {
        let folder = Folder()
        try train(folder)
        let failure = #expect(throws: Failure.self) { try train(folder, ["train.batch=16"]) }
        #expect(failure?.kind == .usage)
        #expect(failure?.description.contains("batch: 32") == true)
    }

    @Test func startingAnewKeepsTheEarlierRun() throws {
        let folder = Folder()
        try train(folder)
        try train(folder, ["train.epochs=1"], resume: .none)
        #expect(folder.checkpoints == ["step-00000002.safetensors", "step-00000003.safetensors"])
        #expect(FileManager.default.fileExists(atPath: folder.path + ".1/checkpoints/step-00000006.safetensors"))
        try FileManager.default.removeItem(atPath: folder.path + ".1")
    }

    @Test func aStepThatIsNotFiniteStopsTheRunOrIsSkipped() throws {
        let folder = Folder()
        let failure = #expect(throws: Failure.self) {
            try train(
                folder, ["train.optimizer.lr=1.0e+30", "train.optimizer={kind: sgd, lr: 1.0e+30}", "train.clip=null"])
        }
        #expect(failure?.kind == .checkFailed)
        #expect(failure?.description.contains("training images") == true)
    }

    @Test func aRunThatNeedsNoTargetsIsNoneTheWorseForHavingNone() throws {
        // Eight images cannot be of all ten classes.
        let configuration: RunConfiguration = try Configuration.read(
            text: Self.text, source: "test",
            overrides: ["loss={kind: at, attack: {steps: 1}}", "data.limit=8", "train.batch=8", "train.epochs=1"])
        let folder = Folder()
        let run = try TrainingRun(
            configuration, directory: folder.path, resume: .none, communicator: SingleProcess(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, robustness: nil)
        try run.run()
        #expect(try run.unseenTargets() == nil)
    }

    @Test func whatIsTrappedEndsAllRanksWithTheSameWords() throws {
        let folder = Folder()
        // The squares of such targets are beyond all numbers.
        let isDouble = MemoryLayout<Scalar>.size == 8
        let overrides = [
            "loss={alignment: {targets: {kind: class-mean, scale: 1.0e+\(isDouble ? 200 : 30)}}}", "data.limit=96",
            "train.epochs=1", "compute.trapNonFinite=true",
        ]
        let said = try ThreadCommunicator.run(ranks: 2) { communicator -> String in
            do {
                try self.train(folder, overrides, on: communicator)
                return ""
            } catch let failure as Failure { return failure.description }
        }
        #expect(Set(said).count == 1 && said[0].contains("step 0: operation"), "\(said)")
    }

    @Test func moreStepsThanCanBeCountedAreRefused() throws {
        let failure = #expect(throws: Failure.self) { try train(Folder(), ["train.epochs=\(Int.max)"]) }
        #expect(failure?.kind == .usage)
    }

    @Test func aSeedOfTheDataGivesRunsOfOtherSeedsTheSameImages() throws {
        func images(_ overrides: String...) throws -> [Int] {
            try (Configuration.read(text: Self.text, source: "test", overrides: overrides) as RunConfiguration)
                .openData()
                .train.indices
        }
        #expect(try images("seed=2", "data.seed=5") == images("seed=5"))
        #expect(try images("seed=2") != images("seed=5"))
    }

    /// An imported network may come with fewer images than a batch.
    @Test func aBatchIsFittedToTheImages() throws {
        for (limit, batch) in [(5, 5), (1000, 32)] {
            var configuration: RunConfiguration = try Configuration.read(
                text: Self.text, source: "test", overrides: ["data.limit=\(limit)", "train.batch=32"])
            #expect(try configuration.openDataAndFitBatch().train.count >= batch)
            #expect(configuration.train.batch == batch)
        }
    }

    @Test func askingForMoreThanThereIsIsSaid() throws {
        func said(_ overrides: String...) throws -> [String] {
            let configuration: RunConfiguration = try Configuration.read(
                text: Self.text, source: "test", overrides: overrides)
            return try configuration.shortfalls(configuration.openData()).map(\.description)
        }
        #expect(try said() == [])
        #expect(try said("monitor.everyEpochs=1", "data.validation=20") == [])
        let watched = ["monitor.samples=21", "monitor.alignmentSamples=30"]
        #expect(try said("data.validation=20", watched[0], watched[1]) == [])
        #expect(
            try said("data.validation=20", "monitor.everyEpochs=1", watched[0], watched[1]) == [
                "monitor.samples is 21, but there are 20 held-out images: all are taken",
                "monitor.alignmentSamples is 30, but there are 20 held-out images: all are taken",
            ])
        #expect(
            try said("data.limit=5000", "loss.alignment.classesPerImage=11") == [
                "data.limit is 5,000, but there are 1,438 images to train on: all are taken",
                "loss.alignment.classesPerImage is 11, but there are 10 classes: all are taken",
            ])
        #expect(try said("loss.kind=vanilla", "loss.alignment.classesPerImage=11") == [])
    }

    @Test func moreThanThereIsToTrainOnIsRefused() throws {
        let failure = #expect(throws: Failure.self) { try train(Folder(), ["data.limit=31"]) }
        #expect(failure?.kind == .badInput)
    }
}
