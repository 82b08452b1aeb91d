import Configuration
import Data
import Failures
import Formats
import Foundation
import Kernels
import Targets
import TestSupport
import Testing
import Training

/// Each source against its definition, on the embedded digits.
@Suite struct TargetTests {
    struct Alone: WorkSharing {
        func share(_ count: Int, _ body: (Int) throws -> [Int32]) throws -> [[Int32]] { try (0..<count).map(body) }
    }

    let train: Subset
    init() throws {
        let digits = try DatasetRegistry.open("digits").train
        train = Subset(digits, indices: Array(stride(from: 0, to: 1400, by: 3)))
    }

    func source(_ targets: String) throws -> any TargetSource {
        let configuration: RunConfiguration = try Configuration.read(
            text: "loss: {alignment: {targets: \(targets)}}", source: "test")
        return try configuration.loss.alignment.targets.prepare(TargetContext(train: train, seed: 7, work: Alone()))
    }

    func pixels(_ index: Int) -> [Scalar] {
        var pixels = [Scalar](repeating: 0, count: 64)
        train.read(index, into: &pixels)
        return pixels
    }

    func gradient(_ source: any TargetSource, _ index: Int, _ target: Int) -> [Scalar] {
        var out = [Scalar](repeating: 0, count: 64)
        source.write(index: index, pixels: pixels(index), target: target, into: &out)
        return out
    }

    func distance(_ a: [Scalar], _ b: [Scalar]) -> Double {
        zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
    }

    @Test func nearestNeighboursAreTheBruteForceOnes() throws {
        let source = try source("{kind: nearest-neighbour}")
        for index in stride(from: 0, to: train.count, by: 17) {
            let own = pixels(index)
            for target in 0..<10 {
                let others = (0..<train.count).filter { train.label($0) == target && $0 != index }
                let smallest = others.map { distance(pixels($0), own) }.min()
                let found = zip(gradient(source, index, target), own).map { $0 + $1 }
                #expect(abs(distance(found, own) - (smallest ?? -1)) < 1e-5)
                #expect(others.contains { distance(pixels($0), found) < 1e-9 })
            }
        }
    }

    /// Every rank must find the same file, also where a control wraps it.
    @Test func filesAreThoseOfTheSourceThatIsShuffled() throws {
        let configuration: RunConfiguration = try Configuration.read(
            text: "loss: {alignment: {targets: {kind: shuffled, of: {kind: file, path: a.safetensors}}}}",
            source: "test")
        #expect(configuration.loss.alignment.targets.inputFiles == [InputFile("a.safetensors")])
    }

    @Test func aSampleOfNeighboursIsDrawnFromTheClass() throws {
        let source = try source("{kind: nearest-neighbour, sample: 2}")
        let seen = Set(
            (0..<train.count).map { index in zip(gradient(source, index, 4), pixels(index)).map { ($0 + $1) } })
        #expect(seen.count <= 4)
        #expect(seen.count >= 2)
    }

    @Test func oneImageIsATrainingImageOfTheClass() throws {
        let source = try source("{kind: one-image}")
        for target in 0..<10 {
            let image = zip(gradient(source, 3, target), pixels(3)).map { $0 + $1 }
            #expect((0..<train.count).contains { train.label($0) == target && distance(pixels($0), image) < 1e-9 })
        }
    }

    @Test func classMeanIsTheMean() throws {
        let source = try source("{kind: class-mean, scale: 2}")
        let members = (0..<train.count).filter { train.label($0) == 6 }
        let mean = (0..<64).map { i in members.reduce(0.0) { $0 + Double(pixels($1)[i]) } / Double(members.count) }
        for (i, value) in gradient(source, 9, 6).enumerated() {
            #expect(abs(Double(value) - (2 * mean[i] - Double(pixels(9)[i]))) < 1e-6)
        }
    }

    @Test func storedTargetsAreReadInTheDataSetsOrder() throws {
        let folder = TemporaryDirectory(), path = folder.file("targets.safetensors")
        let count = train.base.count
        let values = (0..<(count * 10 * 64)).map { Float($0 % 10_007) }
        func write(_ metadata: [String: String]) throws {
            try SafetensorsWriter.write(
                to: path, metadata: metadata,
                tensors: [TensorToWrite(name: "g", shape: [count, 10, 1, 8, 8], values: values)])
        }
        try write(["dataset": train.base.fingerprint])
        let found = gradient(try source("{kind: file, path: \(path)}"), 5, 3)
        #expect(found == (0..<64).map { Scalar(((train.indices[5] * 10 + 3) * 64 + $0) % 10_007) })

        #expect(try source("{kind: file, path: \(path)}").notices.isEmpty)
        try write(["dataset": "of something else"])
        let failure = #expect(throws: Failure.self) { try source("{kind: file, path: \(path)}") }
        #expect(failure?.kind == .badInput)
    }

    /// Writes the first number of every target of an image, the others in proportion, and reads one back.
    private func stored(
        areClassesApart: Bool = true, _ value: (_ image: Int, _ target: Int) -> Double
    ) throws -> (any TargetSource, [Scalar]) {
        let folder = TemporaryDirectory(), path = folder.file("targets.safetensors")
        var values = [Double](repeating: 0, count: train.base.count * 640)
        for image in 0..<train.base.count {
            for target in 0..<10 {
                let factor = value(image, target) * (areClassesApart ? 1 + Double(target) / 16 : 1)
                for i in 0..<64 { values[(image * 10 + target) * 64 + i] = factor * Double(i - 20) }
            }
        }
        try SafetensorsWriter.write(
            to: path, metadata: [:],
            tensors: [TensorToWrite(name: "g", shape: [train.base.count, 10, 1, 8, 8], values: values)])
        let source = try source("{kind: file, path: \(path)}")
        return (source, gradient(source, 5, 3))
    }

    private func cosine(_ a: [Scalar]) -> Double {
        let b = (0..<64).map { Double($0 - 20) }, a = a.map { Double($0) }
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }

    @Test(arguments: [1e-300, 1e-30, 1e-15, 1e-10, 1, 1e10, 1e20, 1e40, 1e300])
    func theUnitOfStoredTargetsDoesNotMatter(_ unit: Double) throws {
        let (source, found) = try stored { _, _ in unit }
        #expect(source.notices.isEmpty && abs(cosine(found) - 1) < 1e-6)
        let norm = found.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        // Far from what counts as zero, and squares are far from the largest number.
        #expect((1e-9...1e14).contains(norm))
        let asWritten: [Scalar] = (0..<64).map { Scalar($0 - 20) * 1.1875 }
        if unit == 1 { #expect(found == asWritten) }
    }

    @Test func storedTargetsThatSayNothingAreNamed() throws {
        let zero = #expect(throws: Failure.self) { try stored { _, _ in 0 } }
        #expect(zero?.kind == .badInput && zero?.description.contains("all 4670 target gradients") == true)
        let some = try stored { _, target in target == 4 ? 0 : 1 }.0.notices
        #expect(some.count == 1 && some[0].contains("467 of 4670 target gradients are zero, and teach nothing"))
        let alike = try stored(areClassesApart: false) { image, target in image % 2 == 1 && target == 9 ? 2 : 1 }.0
            .notices
        let even = train.indices.count { $0 % 2 == 0 }
        #expect(alike.count == 1)
        #expect(alike.first?.contains("\(even) of \(train.count) images have one target gradient") == true)
        // Image 6 of the file is image 2 of those that are trained on; nobody asks for image 7.
        for value in [Double.nan, .infinity, -.infinity] {
            let failure = #expect(throws: Failure.self) { try stored { image, _ in image == 6 ? value : 1 } }
            #expect(failure?.description.contains("image 6 is not finite") == true)
            #expect(try stored { image, _ in image == 7 ? value : 1 }.0.notices.isEmpty)
        }
    }

    @Test func equalTargetsHaveEqualHashes() throws {
        let hashes = try [1, 1, 2].map { unit in try stored { _, _ in unit }.0.contentHash }
        #expect(hashes[0] != nil && hashes[0] == hashes[1] && hashes[1] != hashes[2])
    }
}
