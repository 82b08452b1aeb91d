import Data
import Failures
import Formats
import Kernels

/// What has become of some samples under an attack, as a file.
///
/// | tensor | |
/// |---|---|
/// | `samples` | I64 [n], places in the data set |
/// | `survived` | U8 [n] |
/// | `undefined` | I64 [m], those of the samples that no longer have a prediction, as a logit is not finite |
/// | `distances` | F64 [n], of the nearest misclassified images, infinite where there is none, where the attack looks for them |
/// | `pictured` | I64 [k], those of the samples whose first adversarial image is in the file |
/// | `images` | F32 or F64 [k, H, W, C] |
///
/// The metadata has the seconds that the attack had taken until then, and says which evaluation it is of.
struct StageFindings {
    let samples: [Int]
    /// One a sample.
    let outcomes: [SampleOutcome]
    /// One a sample; nil where the attack does not measure any.
    let distances: [Double]?
    let pictured: [Int]
    /// [pictured, H, W, C]
    let images: [Scalar]
    let seconds: Double

    /// Throws `inputOutput`.
    func write(to path: String, evaluation: String, _ shape: ImageShape) throws {
        let undefined = zip(samples, outcomes).compactMap { $1 == .undefined ? Int64($0) : nil }
        let measured = distances.map { [TensorToWrite(name: "distances", shape: [samples.count], values: $0)] } ?? []
        try SafetensorsWriter.write(
            to: path, metadata: ["evaluation": evaluation, "seconds": "\(seconds)"],
            tensors: [
                TensorToWrite(name: "samples", shape: [samples.count], values: samples.map(Int64.init)),
                TensorToWrite(
                    name: "survived", shape: [samples.count],
                    values: outcomes.map { $0 == .survived ? 1 : 0 as UInt8 }),
                TensorToWrite(name: "undefined", shape: [undefined.count], values: undefined),
                TensorToWrite(name: "pictured", shape: [pictured.count], values: pictured.map(Int64.init)),
                TensorToWrite(
                    name: "images", shape: [pictured.count, shape.height, shape.width, shape.channels], values: images),
            ] + measured,
            checksum: true)
    }

    /// The adversarial images, `shape.count` numbers each.
    func forEachImage(of shape: ImageShape, _ body: (_ sample: Int, _ image: Source) throws -> Void) rethrows {
        try images.withUnsafeBufferPointer { numbers in
            guard let base = numbers.baseAddress else { return }
            for (place, sample) in pictured.enumerated() { try body(sample, base + place * shape.count) }
        }
    }
}

extension StageFindings {
    /// Throws `badInput` for a file that is damaged, of another evaluation, or of samples beyond the first `count`,
    /// and for one without distances where it `measures`.
    init(path: String, evaluation: String, _ shape: ImageShape, count: Int, measures: Bool) throws {
        let file = try SafetensorsFile(path: path)
        guard try file.verifyChecksum(), file.metadata["evaluation"] == evaluation else {
            throw Failure.badInput(
                path, "belongs to another evaluation", expected: "checksum and evaluation \(evaluation)")
        }
        let samples: [Int64] = try file.values(of: "samples")
        let survived: [Int64] = try file.values(of: "survived", shape: [samples.count])
        let undefined: [Int64] = file.entry("undefined") == nil ? [] : try file.values(of: "undefined")
        let pictured: [Int64] = try file.values(of: "pictured")
        images = try file.values(of: "images", shape: [pictured.count, shape.height, shape.width, shape.channels])
        guard (samples + pictured + undefined).allSatisfy({ (0..<count).contains(Int(clamping: $0)) }),
            survived.allSatisfy({ $0 == 0 || $0 == 1 })
        else { throw Failure.badInput(path, "holds samples that the evaluation does not have") }
        let lengths: [Double]? = measures ? try file.values(of: "distances", shape: [samples.count]) : nil
        guard lengths?.allSatisfy({ $0 >= 0 }) != false else {
            throw Failure.badInput(path, "holds distances that are not numbers")
        }
        distances = lengths
        let isUndefined = Set(undefined)
        self.samples = samples.map { Int($0) }
        self.pictured = pictured.map { Int($0) }
        outcomes = zip(samples, survived).map { sample, flag in
            isUndefined.contains(sample) ? .undefined : flag == 1 ? .survived : .broken
        }
        seconds = file.metadata["seconds"].flatMap(Double.init).map { $0 > 0 && $0.isFinite ? $0 : 0 } ?? 0
    }
}
