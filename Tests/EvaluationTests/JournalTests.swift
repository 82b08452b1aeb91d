import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Glibc
import Kernels
import Perturbations
import TestSupport
import Testing

/// An evaluation that ends before its time goes on to the result of one that did not.
struct JournalTests {
    private func evaluation(
        _ directory: String, resumes: Bool, replaces: Bool = false, seed: UInt64 = 5, batch: Int = 4,
        model: String = "m"
    ) throws -> RobustnessEvaluation {
        var evaluation = RobustnessEvaluation(
            threat: ThreatModel(norm: .l2, epsilon: 0.15), attacks: [FGSM(), AutoAttackTests.Small(), FMN(steps: 4)],
            seed: seed)
        evaluation.curve = try EpsilonCurve(epsilons: [0.05, 0.1], attack: FGSM())
        evaluation.checks?.samples = 10
        evaluation.batch = batch
        evaluation.journal = EvaluationJournal(
            directory: "\(directory)/eval", model: model, resumes: resumes, replaces: replaces)
        return evaluation
    }

    private func equal(_ a: RobustnessResult, _ b: RobustnessResult) -> Bool {
        a.attacks.map(\.survived) == b.attacks.map(\.survived)
            && a.attacks.map(\.distances) == b.attacks.map(\.distances)
            && a.survived == b.survived && a.curve == b.curve
            && a.checks == b.checks && a.adversarialImages == b.adversarialImages
    }

    private func files(_ directory: String) throws -> [String] { try directoryEntries("\(directory)/eval") }

    private func empty(_ directory: String) throws {
        for name in try files(directory) { unlink("\(directory)/eval/\(name)") }
    }

    /// A kill between any two files: every prefix of what is written, in the order of writing, must lead to the end.
    @Test(arguments: [1, 3])
    func everyPlaceToStopLeadsToTheSameEnd(ranks: Int) throws {
        BLAS.setThreads(1)
        let directory = TemporaryDirectory(), images = digits(20, labelledBy: smallNetwork())
        let path = directory.path
        defer { try? empty(path) }
        let reference = try evaluation(path, resumes: false)
            .run(smallNetwork(), on: images, over: SingleProcess())
        #expect(reference.attacks.last?.distances?.contains { $0 > 0 } == true)
        let whole = try files(directory.path)
        #expect(whole.contains("evaluation.json") && whole.filter { $0.hasSuffix("-all.safetensors") }.count > 8)
        #expect(whole.count { !$0.hasSuffix("-all.safetensors") } == 1)
        for removed in [0, 1, whole.count / 2, whole.count - 1] {
            // The last stages are missing, as if they had not been reached.
            for name in try files(path).dropLast().suffix(removed) { unlink("\(path)/eval/\(name)") }
            let results = try ThreadCommunicator.run(ranks: ranks) { communicator in
                try evaluation(path, resumes: true, batch: 3)
                    .run(smallNetwork(), on: images, over: communicator)
            }
            #expect(equal(results[0], reference), "\(removed) files removed")
        }
    }

    @Test func blocksOfAnUnfinishedStageCount() throws {
        let network = smallNetwork(), images = digits(20, labelledBy: network)
        let directory = TemporaryDirectory()
        defer { try? empty(directory.path) }
        let reference = try evaluation(directory.path, resumes: false).run(network, on: images, over: SingleProcess())
        // A stage that lost its image files but keeps one block, written as an interrupted run writes it.
        let names = try files(directory.path)
        let first = try #require(names.first { $0.hasPrefix("001-") })
        let path = "\(directory.path)/eval/\(first)"
        let file = try SafetensorsFile(path: path)
        let identity = file.metadata["evaluation"] ?? ""
        let samples: [Int64] = try file.values(of: "samples"), survived: [Int64] = try file.values(of: "survived")
        let pictured: [Int64] = try file.values(of: "pictured"), pictures: [Scalar] = try file.values(of: "images")
        // FGSM stands turned round for one sample that it could not break: what is known is not asked again.
        let place = try #require(survived.firstIndex(of: 1))
        let kept = pictured.prefix(2)
        try SafetensorsWriter.write(
            to: "\(directory.path)/eval/001-fgsm-0.safetensors",
            metadata: ["evaluation": identity, "seconds": "1000.5"],
            tensors: [
                TensorToWrite(name: "samples", shape: [kept.count + 1], values: kept + [samples[place]]),
                TensorToWrite(
                    name: "survived", shape: [kept.count + 1], values: kept.map { _ in 0 as UInt8 } + [0]),
                TensorToWrite(name: "pictured", shape: [kept.count], values: Array(kept)),
                TensorToWrite(
                    name: "images", shape: [kept.count, 8, 8, 1], values: Array(pictures.prefix(kept.count * 64))),
            ], checksum: true)
        unlink(path)
        let result = try evaluation(directory.path, resumes: true).run(network, on: images, over: SingleProcess())
        var expected = reference.attacks[0].survived
        expected[Int(samples[place])] = false
        #expect(result.attacks[0].survived == expected)
        // The stage goes on from the time it had taken, and a finished one keeps its own.
        #expect((1000.5..<2000).contains(result.attacks[0].seconds))
        let again = try evaluation(directory.path, resumes: true).run(network, on: images, over: SingleProcess())
        #expect(again.attacks[0].seconds >= result.attacks[0].seconds - 1)
        #expect(try files(directory.path).filter { $0.hasPrefix("001-") } == ["001-fgsm-all.safetensors"])
    }

    @Test func anotherEvaluationIsRefusedUnlessItIsToBeReplaced() throws {
        let network = smallNetwork(), images = digits(10, labelledBy: network)
        let directory = TemporaryDirectory()
        defer { try? empty(directory.path) }
        func run(_ evaluation: RobustnessEvaluation) throws -> RobustnessResult {
            try evaluation.run(network, on: images, over: SingleProcess())
        }
        // Nothing to resume is a beginning.
        let reference = try run(try evaluation(directory.path, resumes: true))
        for (changed, word) in [
            (try evaluation(directory.path, resumes: true, seed: 6), "seed \"5\" there, \"6\" here"),
            (try evaluation(directory.path, resumes: true, model: "n"), "another model"),
            (try evaluation(directory.path, resumes: false, seed: 6), "--force to replace its results"),
            (try evaluation(directory.path, resumes: false, model: "n"), "choose another --out"),
        ] {
            do {
                _ = try run(changed)
                Issue.record("accepted")
            } catch let failure as Failure {
                #expect(failure.kind == .usage && failure.description.contains(word))
            }
        }
        var fewer = try evaluation(directory.path, resumes: true)
        fewer.samples = 5
        #expect(throws: Failure.self) { try run(fewer) }
        var attacks = try evaluation(directory.path, resumes: true)
        attacks.attacks = [FGSM()]
        #expect(throws: Failure.self) { try run(attacks) }
        #expect(equal(try run(try evaluation(directory.path, resumes: true)), reference))
        let other = try run(try evaluation(directory.path, resumes: false, replaces: true, seed: 6))
        #expect(equal(try run(try evaluation(directory.path, resumes: true, seed: 6)), other))
    }

    /// Without --resume what is known is used, and what is damaged is found again.
    @Test func theSameSettingsAgainGoOnFromWhatIsKnown() throws {
        let network = smallNetwork(), images = digits(10, labelledBy: network)
        let directory = TemporaryDirectory()
        defer { try? empty(directory.path) }
        func run() throws -> (result: RobustnessResult, goesOn: Bool) {
            var goesOn = false
            let result = try evaluation(directory.path, resumes: false)
                .run(network, on: images, over: SingleProcess(), goesOn: { goesOn = true })
            return (result, goesOn)
        }
        let first = try run()
        #expect(!first.goesOn)
        let file = "\(directory.path)/eval/\(try #require(try files(directory.path).first { $0.hasPrefix("002-") }))"
        try AtomicFile.write("damaged", to: file)
        let second = try run()
        #expect(second.goesOn && equal(first.result, second.result))
        #expect(try SafetensorsFile(path: file).verifyChecksum())
    }

    /// Images are read as the data's shape says, so a file with others was read beyond its end.
    @Test func imagesOfAnotherShapeAreRefused() throws {
        let network = smallNetwork(), images = digits(10, labelledBy: network)
        let directory = TemporaryDirectory()
        defer { try? empty(directory.path) }
        _ = try evaluation(directory.path, resumes: false).run(network, on: images, over: SingleProcess())
        let path = "\(directory.path)/eval/001-fgsm-all.safetensors"
        let identity = try SafetensorsFile(path: path).metadata["evaluation"] ?? ""
        for shape in [[2, 1], [2, 1, 1, 1], [2, 64], [2, 1, 8, 8], [1, 8, 8, 1]] {
            let count = shape.reduce(1, *)
            try SafetensorsWriter.write(
                to: path, metadata: ["evaluation": identity],
                tensors: [
                    TensorToWrite(name: "samples", shape: [2], values: [0, 1] as [Int64]),
                    TensorToWrite(name: "survived", shape: [2], values: [0, 0] as [UInt8]),
                    TensorToWrite(name: "pictured", shape: [2], values: [0, 1] as [Int64]),
                    TensorToWrite(name: "images", shape: shape, values: [Scalar](repeating: 0.5, count: count)),
                ], checksum: true)
            let thrown = #expect(throws: Failure.self) {
                try evaluation(directory.path, resumes: true).run(network, on: images, over: SingleProcess())
            }
            #expect(
                thrown?.description == "\(path): tensor \"images\" has the shape \(shape), expected [2, 8, 8, 1]")
        }
    }

    @Test func damagedFilesAreNamed() throws {
        let network = smallNetwork(), images = digits(10, labelledBy: network)
        let directory = TemporaryDirectory()
        defer { try? empty(directory.path) }
        _ = try evaluation(directory.path, resumes: false).run(network, on: images, over: SingleProcess())
        let name = try #require(try files(directory.path).first { $0.hasPrefix("002-") })
        let path = "\(directory.path)/eval/\(name)"
        let file = try MappedFile(path: path)
        let bytes = withExtendedLifetime(file) { Array(file.bytes) }
        for place in [3, bytes.count / 3, bytes.count - 5] {
            var damaged = bytes
            damaged[place] ^= 0x55
            try AtomicFile.write(damaged, to: path)
            do {
                _ = try evaluation(directory.path, resumes: true).run(network, on: images, over: SingleProcess())
                Issue.record("accepted")
            } catch let failure as Failure {
                #expect(failure.kind == .badInput && failure.description.contains(name))
            }
        }
        try AtomicFile.write(Array(bytes.prefix(bytes.count / 2)), to: path)
        #expect(throws: Failure.self) {
            try evaluation(directory.path, resumes: true).run(network, on: images, over: SingleProcess())
        }
    }
}
