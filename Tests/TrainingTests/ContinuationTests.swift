import Configuration
import Data
import Distributed
import Failures
import Formats
import Foundation
import Kernels
import Testing
import Training

/// What a run may go on with: equal content under any name, and learning rates that do not jump.
@Suite struct ContinuationTests {
    typealias Folder = RunTests.Folder
    private let runs = RunTests()

    private func refusal(_ body: () throws -> Void) -> String {
        do { try body() } catch let failure as Failure where failure.kind == .usage { return failure.description } catch
        {
            return "another error: \(error)"
        }
        return "accepted"
    }

    // MARK: Names

    /// Twelve pictures of ten classes, in the official layout.
    private func writeMNIST(_ path: String, seed: UInt8) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, count) in [("train", 40), ("t10k", 10)] {
            let numbers: [UInt8] = [0, 0, 0, UInt8(count)]
            let images = (0..<(count * 784)).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 7) ^ seed }
            let labels = (0..<count).map { UInt8($0 % 10) }
            try Foundation.Data([0, 0, 8, 3] + numbers + [0, 0, 0, 28, 0, 0, 0, 28] + images)
                .write(to: URL(fileURLWithPath: "\(path)/\(name)-images-idx3-ubyte"))
            try Foundation.Data([0, 0, 8, 1] + numbers + labels)
                .write(to: URL(fileURLWithPath: "\(path)/\(name)-labels-idx1-ubyte"))
        }
    }

    @Test func dataThatHaveMovedAreTheSame() throws {
        let folder = Folder(), data = Folder()
        try writeMNIST(data.path + "/m", seed: 0)
        func train(_ place: String, _ more: String...) throws {
            try runs.train(
                folder, ["data.dataset=mnist:\(data.path)/\(place)", "data.limit=null", "train.batch=16"] + more)
        }
        try train("m", "train.epochs=1")
        for (epochs, spelling) in ["./m", "m/", "../\(data.path.split(separator: "/").last ?? "")/m"].enumerated() {
            try train(spelling, "train.epochs=\(epochs + 2)", "train.schedule.epochs=1")
        }
        try FileManager.default.moveItem(atPath: data.path + "/m", toPath: data.path + "/n")
        try train("n", "train.epochs=5", "train.schedule.epochs=1", "data.limit=40")
        #expect(folder.checkpoints.last == "step-00000010.safetensors")
        try writeMNIST(data.path + "/n", seed: 5)
        #expect(refusal { try train("n", "train.epochs=6") }.contains("belongs to other training data"))
        #expect(refusal { try train("n", "data.limit=39") }.contains(#""limit: 40" there, "limit: 39" here"#))
    }

    @Test func storedTargetsAreComparedByWhatTheyHold() throws {
        let folder = Folder(), files = Folder()
        try FileManager.default.createDirectory(atPath: files.path, withIntermediateDirectories: true)
        let count = try DatasetRegistry.open("digits").train.count
        func write(_ name: String, _ factor: Float) throws {
            let values = (0..<(count * 640)).map { factor * Float($0 % 10_007 - 5000) }
            try SafetensorsWriter.write(
                to: "\(files.path)/\(name)", metadata: [:],
                tensors: [TensorToWrite(name: "g", shape: [count, 10, 1, 8, 8], values: values)])
        }
        func train(_ name: String, _ more: String...) throws {
            let targets = "{kind: shuffled, of: {kind: file, path: \(files.path)/\(name)}}"
            try runs.train(folder, ["loss.alignment.targets=\(targets)"] + more)
        }
        for name in ["a", "b"] { try write(name, 1) }
        try train("a", "train.epochs=1")
        try train("b", "train.schedule.epochs=1")
        #expect(folder.checkpoints.last == "step-00000006.safetensors")
        try write("b", 1.5)
        #expect(refusal { try train("b", "train.schedule.epochs=1") }.contains("other target gradients"))
    }

    @Test func equalNumbersAreEqualHoweverTheyAreWritten() throws {
        let folder = Folder()
        func train(_ epsilon: String, _ more: String...) throws {
            try runs.train(folder, ["loss={kind: at, attack: {steps: 1, epsilon: \(epsilon), norm: Linf}}"] + more)
        }
        try train("8/255", "train.epochs=1", "train.optimizer.lr=1e-2")
        try train("\(8.0 / 255)", "train.optimizer.lr=0.010", "train.schedule.epochs=1")
        #expect(folder.checkpoints.last == "step-00000006.safetensors")
        #expect(refusal { try train("9/255") }.contains("belongs to another configuration (\"epsilon: 0.03137"))
    }

    // MARK: Schedules

    private let multistep = "train.schedule={kind: multistep, milestones: [0.5]}"

    private func rates(_ folder: Folder) throws -> [Double] {
        try String(contentsOfFile: folder.path + "/metrics.jsonl", encoding: .utf8).split(separator: "\n").compactMap {
            try JSONValue.parse(String($0), source: "metrics")["lr"]?.doubleValue
        }
    }

    @Test(arguments: ["{kind: multistep, milestones: [0.5]}", "{kind: cosine}", "{kind: onecycle}"])
    func aLongerRunSaysWhatBecomesOfItsSchedule(schedule: String) throws {
        let folder = Folder()
        try runs.train(folder, ["train.schedule=\(schedule)"])
        let first = try rates(folder), last = try #require(first.last)
        let said = refusal { try runs.train(folder, ["train.schedule=\(schedule)", "train.epochs=4"]) }
        #expect(said.contains("the schedule is spread over 2 epochs there and 4 here"), "\(said)")
        #expect(said.contains("set train.schedule.epochs to 2 to stay at the last rate, or to 4 for the new one"))
        try runs.train(folder, ["train.schedule=\(schedule)", "train.epochs=4", "train.schedule.epochs=2"])
        // The last rate stays; and a resumed run knows nothing of how long it once was to be.
        #expect(try rates(folder) == first + Array(repeating: last, count: 6))
        let straight = Folder()
        try runs.train(straight, ["train.schedule=\(schedule)", "train.epochs=4", "train.schedule.epochs=2"])
        #expect(folder.file(12) != nil && folder.file(12) == straight.file(12))
    }

    @Test func aNewLengthThatIsAskedForIsTaken() throws {
        let folder = Folder()
        try runs.train(folder, [multistep])
        try runs.train(folder, [multistep, "train.epochs=4", "train.schedule.epochs=4"])
        let rates = try rates(folder)
        #expect(rates[5] < 0.5 * rates[0] && rates[6] < 0.5 * rates[0] && rates[11] == rates[6])
        try runs.train(folder, [multistep, "train.epochs=4"])
    }

    /// Where the steps taken are those of the longer run, it goes on, to that run's bits.
    @Test(arguments: [
        "{kind: multistep, milestones: [0.9]}", "{kind: multistep, milestones: [1.5, 3]}", "{kind: constant}",
    ])
    func aLengthThatChangesNothingSoFarIsNotAskedFor(schedule: String) throws {
        let folder = Folder(), straight = Folder()
        let settings = ["train.schedule=\(schedule)", "checkpoint.keep=100"]
        try runs.train(folder, settings)
        try runs.train(folder, settings + ["train.epochs=3"])
        try runs.train(straight, settings + ["train.epochs=3"])
        #expect(folder.file(9) != nil && folder.file(9) == straight.file(9))
    }

    // MARK: Warm starts

    private func hash(_ path: String, of names: (String) -> Bool = { !$0.hasPrefix("optimizer.") }) throws -> String {
        let file = try SafetensorsFile(path: path)
        var hash = SHA256()
        for entry in file.entries where names(entry.name) && !entry.name.hasPrefix("ema.") {
            file.withBytes(of: entry) { hash.update($0) }
        }
        return hash.hexDigest()
    }

    @Test func aWarmStartTakesTheWeightsAndNothingElse() throws {
        let first = Folder(), second = Folder(), whole = Folder()
        try runs.train(first)
        let changes = [
            "train.optimizer={kind: sgd, lr: 0.01}", "train.schedule={kind: cosine}", "loss={kind: vanilla}", "seed=9",
            "data.limit=64", "checkpoint.keep=100",
        ]
        @Sendable func start() throws -> WarmStart { try WarmStart(path: first.checkpoint(6), average: false) }
        try runs.train(second, changes, from: start())
        #expect(try hash(second.path + "/checkpoints/step-00000000.safetensors") == hash(first.checkpoint(6)))
        #expect(try rates(second)[0] == 0.01)
        #expect(try SafetensorsFile(path: second.checkpoint(4)).metadata["from"] == first.checkpoint(6))
        // It goes on from its own checkpoints, with the same bits, also where the weights are gone.
        let end = try #require(second.file(4))
        for step in [4, 2] { try FileManager.default.removeItem(atPath: second.checkpoint(step)) }
        try runs.train(second, changes)
        #expect(second.file(4) == end)
        try FileManager.default.removeItem(atPath: second.checkpoint(4))
        try runs.train(second, changes, from: start())
        #expect(second.file(4) == end)
        _ = try ThreadCommunicator.run(ranks: 2) { try runs.train(whole, changes, from: start(), on: $0) }
        #expect(whole.file(4) == end)
        #expect(refusal { try runs.train(first, from: start()) }.contains("did not start from \(first.checkpoint(6))"))
        #expect(refusal { try runs.train(second, changes + ["seed=1"]) }.contains("with --from for these weights"))
    }

    @Test func averagedWeightsAreTakenWhereTheyAreAskedFor() throws {
        let first = Folder(), second = Folder()
        try runs.train(first)
        try runs.train(second, ["checkpoint.keep=100"], from: WarmStart(path: first.checkpoint(6), average: true))
        let start = try SafetensorsFile(path: second.path + "/checkpoints/step-00000000.safetensors")
        let end = try SafetensorsFile(path: first.checkpoint(6))
        for entry in end.entries where entry.name.hasPrefix("ema.") {
            let average: [Scalar] = try end.values(of: entry.name)
            #expect(try start.values(of: String(entry.name.dropFirst(4))) as [Scalar] == average)
            #expect(try start.values(of: entry.name) as [Scalar] == average)
        }
    }

    @Test func anotherNetworkIsNoStart() throws {
        let first = Folder(), second = Folder()
        try runs.train(first, ["train.ema=null", "train.epochs=1"])
        func start() throws -> WarmStart { try WarmStart(path: first.checkpoint(3), average: false) }
        for (change, words) in [
            ("model.activation=relu", #"another network ("activation: gelu""#), ("model.widths=[5]", "another network"),
            ("data.dataset=toy2d", "is for 10 classes, expected the 2 of the data"),
        ] {
            let failure = #expect(throws: Failure.self) { try runs.train(second, [change], from: start()) }
            #expect(failure?.kind == .badInput && failure?.description.contains(words) == true, "\(failure as Any)")
        }
        #expect(throws: Failure.self) { try WarmStart(path: first.checkpoint(3), average: true) }
    }
}

extension RunTests.Folder {
    fileprivate func file(_ step: Int) -> Foundation.Data? {
        FileManager.default.contents(
            atPath: path + "/checkpoints/step-" + String(repeating: "0", count: step < 10 ? 7 : 6)
                + "\(step).safetensors")
    }
}
