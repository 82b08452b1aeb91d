import Data
import Distributed
import Failures
import Formats
import Glibc
import Kernels

/// What has been found so far, in a folder, so that an evaluation that was killed can go on: on any number of ranks,
/// with the same result.
///
/// `evaluation.json` says what is being evaluated. Every block of samples is written by its rank as soon as it is
/// finished; when a stage ends, rank 0 puts its blocks into one file. Each file is whole or absent; its metadata has
/// the seconds that the stage had taken until then.
///
/// | tensor | |
/// |---|---|
/// | `samples` | I64 [n], places in the data set |
/// | `survived` | U8 [n] |
/// | `pictured` | I64 [k], those of the samples whose first adversarial image is in the file |
/// | `images` | F32 or F64 [k, H, W, C] |
final class EvaluationState {
    private let directory: String
    private let identity: String

    private static let description = "evaluation.json", ending = ".safetensors"

    /// Empties the folder or, if it `resumes` and there is something to resume, checks that it belongs to the same
    /// evaluation: throws `usage` naming what differs. Collective; rank 0 does the work.
    init(_ journal: EvaluationJournal, _ description: JSONValue, _ communicator: any Communicator) throws {
        directory = journal.directory
        let text = description.text()
        identity = SHA256.hexDigest(of: Array(text.utf8))
        if communicator.rank == 0 {
            let path = "\(directory)/\(Self.description)"
            try createDirectory(directory)
            if journal.resumes, access(path, F_OK) == 0 {
                let file = try MappedFile(path: path)
                try Self.compare(try JSONValue.parse(file.bytes, source: path), description, path)
                try AtomicFile.removeTemporaries(in: directory)
            } else {
                // The description goes first, so that what a kill leaves behind is never taken up.
                unlink(path)
                for name in try directoryEntries(directory) where Self.stage(ofFile: name) != nil {
                    unlink("\(directory)/\(name)")
                }
                try AtomicFile.removeTemporaries(in: directory)
                try AtomicFile.write(text + "\n", to: path)
            }
        }
        try communicator.barrier()
    }

    private static func compare(_ written: JSONValue, _ own: JSONValue, _ path: String) throws {
        for member in own.members ?? [] where written[member.key] != member.value {
            let found = written[member.key]?.text() ?? "nothing"
            throw Failure(
                .usage,
                "\(path): was written with \(member.key) \(found.prefix(200)), this evaluation has "
                    + "\(member.value.text().prefix(200)); without --resume it begins anew")
        }
    }

    /// The number of the stage that a file of this name belongs to.
    private static func stage(ofFile name: String) -> Int? {
        let digits = name.prefix { $0.isASCII && $0.isNumber }
        guard digits.count >= 3, name.hasSuffix(ending), name.dropFirst(digits.count).hasPrefix("-") else { return nil }
        return Int(digits)
    }

    private func path(_ stage: Int, _ name: String, part: String) -> String {
        let number = String("\(1000 + stage)".dropFirst())
        let word = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(40))
        return "\(directory)/\(number)-\(word)-\(part)\(Self.ending)"
    }

    /// What is known of a stage from before.
    struct Found {
        /// Whether each sample survived, where that is known.
        var survived: [Bool?]
        var seconds = 0.0
    }

    /// Collective.
    /// - Parameter take: called on rank 0 with the adversarial images; false where one is not allowed.
    func found(
        of stage: Int, _ name: String, samples: Int, _ communicator: any Communicator,
        take: (_ sample: Int, _ image: Source) -> Bool
    ) throws -> Found {
        var known = [UInt8](repeating: 0, count: samples), seconds = 0.0
        if communicator.rank == 0 {
            for file in try directoryEntries(directory) where Self.stage(ofFile: file) == stage {
                seconds = max(seconds, try read("\(directory)/\(file)", into: &known, take))
            }
        }
        return Found(
            survived: try communicator.broadcast(known, from: 0).map { $0 == 0 ? nil : $0 == 1 },
            seconds: try communicator.broadcastValue(seconds, from: 0))
    }

    /// Returns the seconds of the stage until then.
    private func read(_ path: String, into known: inout [UInt8], _ take: (Int, Source) -> Bool) throws -> Double {
        let file = try SafetensorsFile(path: path)
        guard try file.verifyChecksum(), file.metadata["evaluation"] == identity else {
            throw Failure.badInput(
                path, "belongs to another evaluation", expected: "checksum and evaluation \(identity)")
        }
        let samples: [Int64] = try file.values(of: "samples")
        let survived: [Int64] = try file.values(of: "survived", shape: [samples.count])
        let pictured: [Int64] = try file.values(of: "pictured")
        let images: [Scalar] = try file.values(of: "images")
        let size = pictured.isEmpty ? 0 : images.count / pictured.count
        guard (samples + pictured).allSatisfy({ known.indices.contains(Int(clamping: $0)) }),
            images.count == pictured.count * size, survived.allSatisfy({ $0 == 0 || $0 == 1 })
        else { throw Failure.badInput(path, "holds samples that the evaluation does not have") }
        for (sample, flag) in zip(samples, survived) { known[Int(sample)] = flag == 1 ? 1 : 2 }
        try images.withUnsafeBufferPointer { numbers in
            guard let base = numbers.baseAddress else { return }
            for (place, sample) in pictured.enumerated() where !take(Int(sample), base + place * size) {
                throw Failure.badInput(path, "the image of sample \(sample) is not one that the threat model allows")
            }
        }
        return file.metadata["seconds"].flatMap(Double.init).map { $0 > 0 && $0.isFinite ? $0 : 0 } ?? 0
    }

    /// Keeps the outcomes of a block. On the rank that has them.
    /// - Parameter seconds: that the stage has taken so far.
    func write(
        _ stage: Int, _ name: String, _ shape: ImageShape, samples: [Int], survived: [Bool], images: AdversarialImages?,
        seconds: Double, part: String
    ) throws {
        let pictured = zip(samples, survived).compactMap { !$1 && images?.image($0) != nil ? $0 : nil }
        try SafetensorsWriter.write(
            to: path(stage, name, part: part), metadata: ["evaluation": identity, "seconds": "\(seconds)"],
            tensors: [
                TensorToWrite(name: "samples", shape: [samples.count], values: samples.map(Int64.init)),
                TensorToWrite(name: "survived", shape: [samples.count], values: survived.map { $0 ? 1 : 0 as UInt8 }),
                TensorToWrite(name: "pictured", shape: [pictured.count], values: pictured.map(Int64.init)),
                TensorToWrite(
                    name: "images", shape: [pictured.count, shape.height, shape.width, shape.channels],
                    values: pictured.flatMap { images?.image($0) ?? [] }),
            ],
            checksum: true)
    }

    /// Puts the outcomes of a whole stage into one file in place of its blocks'. On rank 0, which has all images.
    func close(
        _ stage: Int, _ name: String, _ shape: ImageShape, samples: [Int], survived: [Bool], images: AdversarialImages?,
        seconds: Double
    ) throws {
        try write(
            stage, name, shape, samples: samples, survived: survived, images: images, seconds: seconds, part: "all")
        let whole = path(stage, name, part: "all")
        for file in try directoryEntries(directory) where Self.stage(ofFile: file) == stage {
            if "\(directory)/\(file)" != whole { unlink("\(directory)/\(file)") }
        }
    }
}
