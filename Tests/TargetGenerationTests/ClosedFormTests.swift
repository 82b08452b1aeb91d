import Autodiff
import Data
import Diffusion
import Distributed
import Failures
import Formats
import Foundation
import Kernels
import Layers
import Randomness
import TargetGeneration
import TestSupport
import Testing

/// The whole way from a denoiser to a file of targets, on data whose answer is known.
@Suite struct ClosedFormTests {
    static let deviation = [34.0, 68.0]
    static let time = 120
    let modes = GaussianModes(levels: DiffusionProcess().levels, deviation: Self.deviation)
    let data: any Dataset
    let folder = TemporaryDirectory()

    init() throws { data = try DatasetRegistry.open("toy2d").train }

    private func generator(_ draws: Int = 2, times: [Int] = [Self.time]) throws -> PreparedScores {
        var settings = ScoreBased()
        settings.times = times
        settings.draws = draws
        return try PreparedScores(
            denoiser: modes, normalisation: InputNormalisation(mean: [0, 0], deviation: Self.deviation),
            settings: settings, seed: 3, denoiserIdentity: "closed form")
    }

    private func compute(
        _ rows: [Int], to name: String, _ generator: any PreparedGenerator,
        element: TargetsConfiguration.Element = .f32, block: Int = 7,
        on communicator: any Communicator = SingleProcess()
    ) throws {
        var settings = TargetsConfiguration()
        settings.element = element
        settings.block = block
        try TargetComputation(
            generator, dataset: data, rows: rows, settings, communicator: communicator, pool: MemoryPool()
        )(to: folder.path + "/" + name, stop: try StopRequest()) { _, _ in }
    }

    /// What the definition says, from the posterior alone.
    private func expected(_ row: Int, label: Int, draws: Int) -> [Double] {
        var pixels = [Scalar](repeating: 0, count: 2)
        data.read(row, into: &pixels)
        let (a, s) = (modes.levels.signal[Self.time], modes.levels.deviation[Self.time])
        var sum = [0.0, 0.0]
        for number in 0..<draws {
            var stream = RandomStream(
                seed: 3, purpose: .scoreNoise, UInt64(row), UInt64(Self.time) << 32 | UInt64(number))
            let x = (0..<2).map { a * Double(pixels[$0]) / Self.deviation[$0] + s * stream.normal() }
            let gradient = modes.posteriorGradient(x, time: Self.time, label: label)
            for i in 0..<2 { sum[i] += s * gradient[i] / Self.deviation[i] / Double(draws) }
        }
        return sum
    }

    @Test func theAnalyticDenoiserGivesThePosteriorsGradient() throws {
        let rows = Array(stride(from: 0, to: data.count, by: 97))
        try compute(rows, to: "g", try generator())
        let file = try SafetensorsFile(path: folder.path + "/g")
        let found: [Double] = try file.values(of: "targets", shape: [data.count, 2, 2, 1, 1])
        let wanted = rows.flatMap { row in (0..<2).map { expected(row, label: $0, draws: 2) } }
        let largest = wanted.joined().map { abs($0) }.max() ?? 0
        for (place, row) in rows.enumerated() {
            for label in 0..<2 {
                for i in 0..<2 {
                    let error = abs(found[(row * 2 + label) * 2 + i] - wanted[place * 2 + label][i])
                    #expect(error < 1e-5 * max(1, largest) && error < 1e-4 * largest, "image \(row), class \(label)")
                }
            }
        }
        #expect(file.metadata["dataset"] == data.fingerprint)
    }

    @Test(arguments: [2, 4]) func anyNumberOfRanksGivesTheSameBytes(_ ranks: Int) throws {
        let rows = Array(0..<100)
        try compute(rows, to: "alone", try generator())
        _ = try ThreadCommunicator.run(ranks: ranks) {
            try self.compute(rows, to: "together", try self.generator(), on: $0)
        }
        #expect(folder.bytes("alone") != nil && folder.bytes("alone") == folder.bytes("together"))
    }

    @Test func aStoppedComputationGoesOn() throws {
        let rows = Array(0..<100)
        try compute(rows, to: "whole", try generator())
        // As a process leaves it that was killed after some blocks: others' bytes are not there yet.
        let partial = folder.path + "/again.partial", blocks = folder.path + "/again.blocks"
        try compute(rows, to: "again", try generator())
        try FileManager.default.moveItem(atPath: folder.path + "/again", toPath: partial)
        var bytes = Data(try #require(folder.bytes("again.partial")))
        for place in (bytes.count - 6000 - 40_000)..<(bytes.count - 6000) { bytes[place] = 0 }
        try bytes.write(to: URL(fileURLWithPath: partial))
        try Data((0..<100).map { $0 < 7 ? 1 : 0 }).write(to: URL(fileURLWithPath: blocks))
        try compute(rows, to: "again", try generator())
        #expect(folder.bytes("again") == folder.bytes("whole"))
        #expect(!FileManager.default.fileExists(atPath: blocks))
    }

    @Test func whatWasBegunWithOtherSettingsIsRefused() throws {
        try compute([0, 1], to: "x", try generator())
        try FileManager.default.moveItem(atPath: folder.path + "/x", toPath: folder.path + "/x.partial")
        try Data([0, 0]).write(to: URL(fileURLWithPath: folder.path + "/x.blocks"))
        let failure = #expect(throws: Failure.self) { try compute([0, 1], to: "x", try generator(3)) }
        #expect(failure?.kind == .usage)
        #expect(failure?.description.contains("x.partial") == true)
    }

    @Test func anotherSizeOfBlocksGoesOn() throws {
        let rows = Array(0..<100)
        try compute(rows, to: "whole", MadeUpTargets())
        #expect(throws: Failure.self) { try compute(rows, to: "again", MadeUpTargets(broken: 70), block: 60) }
        try compute(rows, to: "again", MadeUpTargets(), block: 90)
        #expect(folder.bytes("again") != nil && folder.bytes("again") == folder.bytes("whole"))
    }

    @Test func aFileOfOtherImagesIsNotTakenForThisOne() throws {
        func computed() throws -> Int {
            let file = try SafetensorsFile(path: folder.path + "/x")
            return file.withBytes(of: try file.entry("computed", shape: nil)) { $0.count { $0 == 1 } }
        }
        for images in [10, 20, data.count] {
            try compute(Array(0..<images), to: "x", MadeUpTargets(), block: 64)
            #expect(try computed() == images)
        }
    }

    @Test func whatHalfPrecisionCannotHoldIsRefused() throws {
        try compute([4, 9], to: "single", MadeUpTargets(scale: 1e5))
        let failure = #expect(throws: Failure.self) {
            try compute([4, 9], to: "half", MadeUpTargets(scale: 1e5), element: .f16)
        }
        #expect(failure?.kind == .checkFailed)
        #expect(failure?.description.contains("targets.element") == true)
    }

    @Test func whatIsNotFiniteOnOneRankEndsAllOfThemWithTheSameWords() throws {
        let folder = folder
        let said = try ThreadCommunicator.run(ranks: 3) { communicator -> String in
            do {
                try self.compute(Array(0..<60), to: "x", MadeUpTargets(broken: 30), on: communicator)
                return ""
            } catch let failure as Failure { return failure.description }
        }
        #expect(Set(said) == ["targets of images 28 ... 34 are not finite"])
        #expect(folder.bytes("x") == nil)
    }

    @Test func halfPrecisionIsTheRoundedValue() throws {
        try compute([4, 9], to: "single", try generator())
        try compute([4, 9], to: "half", try generator(), element: .f16)
        let single: [Float] = try SafetensorsFile(path: folder.path + "/single").values(of: "targets")
        let half: [Float] = try SafetensorsFile(path: folder.path + "/half").values(of: "targets")
        #expect(single.map { Float(Float16($0)) } == half)
        #expect(single.contains { $0 != 0 })
    }

    @Test func theTableIsTheSameOnAnyNumberOfRanks() throws {
        let survey = try #require(try generator().survey)
        let rows = Array(0..<90)
        func table(_ communicator: any Communicator) throws -> [ScoreSurvey.Line] {
            try survey(data, rows: rows, block: 8, communicator: communicator, pool: MemoryPool())
        }
        let alone = try table(SingleProcess())
        #expect(alone.count == 9)
        let together = try ThreadCommunicator.run(ranks: 3) { communicator in
            try self.generator().survey.map {
                try $0(self.data, rows: rows, block: 8, communicator: communicator, pool: MemoryPool())
            }
        }
        for lines in together { #expect(lines == alone) }
        // With little noise the closed form knows the class, with much of it nobody can.
        #expect(alone[0].accuracy > 0.95)
        #expect(alone[7].accuracy < 0.8)
    }
}

/// Targets that tell which image they are of.
struct MadeUpTargets: PreparedGenerator {
    var scale = 1.0
    /// The image whose targets are not finite.
    var broken: Int?

    let identity = ["generator": "made up"]
    let cost = "nothing"
    let survey: ScoreSurvey? = nil

    func targets(of images: Tensor, indices: [Int]) -> Tensor {
        let size = images.shape.dropFirst().count
        return Tensor([2] + images.shape, in: images.pool) { out in
            for (place, row) in (indices + indices).enumerated() {
                for i in 0..<size { out[place * size + i] = row == broken ? .nan : Scalar(scale * Double(1 + row + i)) }
            }
        }
    }
}
