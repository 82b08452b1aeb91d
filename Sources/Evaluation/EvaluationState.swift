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
/// | `undefined` | I64 [m], those of the samples that no longer have a prediction, as a logit is not finite |
/// | `pictured` | I64 [k], those of the samples whose first adversarial image is in the file |
/// | `images` | F32 or F64 [k, H, W, C] |
final class EvaluationState {
    private let directory: String
    private let identity: String
    private let refusesDamage: Bool
    /// Whether there was something to go on from. On rank 0.
    private(set) var goesOn = false

    private static let description = "evaluation.json", ending = ".safetensors"

    /// Finds what there is of the same evaluation, or makes the folder. Throws `usage`, naming what differs, where it
    /// holds another evaluation that is not to be replaced. Collective; rank 0 does the work.
    init(_ journal: EvaluationJournal, _ description: JSONValue, _ communicator: any Communicator) throws {
        directory = journal.directory
        let text = description.text()
        identity = SHA256.hexDigest(of: Array(text.utf8))
        refusesDamage = journal.resumes
        let path = "\(directory)/\(Self.description)"
        _ = try communicator.leaderDecides {
            try createDirectory(directory)
            if !journal.replaces, access(path, F_OK) == 0 {
                try Self.compare(try FileContents.json(path), description, directory)
                try AtomicFile.removeTemporaries(in: directory)
                goesOn = try directoryEntries(directory).contains { Self.stage(ofFile: $0) != nil }
            } else {
                // The description goes first, so that what a kill leaves behind is never taken up.
                unlink(path)
                for name in try directoryEntries(directory) where Self.stage(ofFile: name) != nil {
                    unlink("\(directory)/\(name)")
                }
                try AtomicFile.removeTemporaries(in: directory)
                try AtomicFile.write(text + "\n", to: path)
            }
            return ""
        }
    }

    private static func compare(_ written: JSONValue, _ own: JSONValue, _ directory: String) throws {
        for member in own.members ?? [] where written[member.key] != member.value {
            let difference =
                switch member.key {
                case "model", "data": "another \(member.key)"
                default:
                    "\(member.key) \(summary(written[member.key] ?? .null)) there, \(summary(member.value)) here"
                }
            throw Failure(
                .usage,
                "\(directory): belongs to another evaluation (\(difference)); choose another --out, or --force to "
                    + "replace its results")
        }
    }

    /// Attacks by their names, where these tell them apart.
    private static func summary(_ value: JSONValue) -> String {
        let names = value.arrayValue?.compactMap { $0["name"]?.stringValue }
        return String((names.map { $0.joined(separator: ",") } ?? value.text()).prefix(100))
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
        /// What became of each sample, where that is known.
        var outcomes: [SampleOutcome?]
        var seconds = 0.0
    }

    /// Collective.
    /// - Parameter take: called on rank 0 with the adversarial images; false where one is not allowed.
    func found(
        of stage: Int, _ name: String, _ shape: ImageShape, samples: Int, _ communicator: any Communicator,
        take: (_ sample: Int, _ image: Source) -> Bool
    ) throws -> Found {
        var known = [UInt8](repeating: 0, count: samples), seconds = 0.0
        if communicator.rank == 0 {
            for file in try directoryEntries(directory) where Self.stage(ofFile: file) == stage {
                do {
                    seconds = max(seconds, try read("\(directory)/\(file)", shape, into: &known, take))
                } catch let failure as Failure where failure.kind == .badInput && !refusesDamage {
                    unlink("\(directory)/\(file)")
                }
            }
        }
        return Found(
            outcomes: try communicator.broadcast(known, from: 0).map { SampleOutcome(rawValue: $0) },
            seconds: try communicator.broadcastValue(seconds, from: 0))
    }

    /// Returns the seconds of the stage until then.
    private func read(
        _ path: String, _ shape: ImageShape, into known: inout [UInt8], _ take: (Int, Source) -> Bool
    ) throws -> Double {
        let file = try SafetensorsFile(path: path)
        guard try file.verifyChecksum(), file.metadata["evaluation"] == identity else {
            throw Failure.badInput(
                path, "belongs to another evaluation", expected: "checksum and evaluation \(identity)")
        }
        let samples: [Int64] = try file.values(of: "samples")
        let survived: [Int64] = try file.values(of: "survived", shape: [samples.count])
        let undefined: [Int64] = file.entry("undefined") == nil ? [] : try file.values(of: "undefined")
        let pictured: [Int64] = try file.values(of: "pictured")
        // `take` reads whole images of the data's shape, whatever the file has.
        let images: [Scalar] = try file.values(
            of: "images", shape: [pictured.count, shape.height, shape.width, shape.channels])
        let size = shape.count
        guard (samples + pictured + undefined).allSatisfy({ known.indices.contains(Int(clamping: $0)) }),
            survived.allSatisfy({ $0 == 0 || $0 == 1 })
        else { throw Failure.badInput(path, "holds samples that the evaluation does not have") }
        for (sample, flag) in zip(samples, survived) {
            known[Int(sample)] = (flag == 1 ? SampleOutcome.survived : .broken).rawValue
        }
        for sample in undefined { known[Int(sample)] = SampleOutcome.undefined.rawValue }
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
        _ stage: Int, _ name: String, _ shape: ImageShape, samples: [Int], outcomes: [SampleOutcome],
        images: AdversarialImages?, seconds: Double, part: String
    ) throws {
        let pictured = zip(samples, outcomes).compactMap { $1 != .survived && images?.image($0) != nil ? $0 : nil }
        let undefined = zip(samples, outcomes).compactMap { $1 == .undefined ? Int64($0) : nil }
        try SafetensorsWriter.write(
            to: path(stage, name, part: part), metadata: ["evaluation": identity, "seconds": "\(seconds)"],
            tensors: [
                TensorToWrite(name: "samples", shape: [samples.count], values: samples.map(Int64.init)),
                TensorToWrite(
                    name: "survived", shape: [samples.count],
                    values: outcomes.map { $0 == .survived ? 1 : 0 as UInt8 }),
                TensorToWrite(name: "undefined", shape: [undefined.count], values: undefined),
                TensorToWrite(name: "pictured", shape: [pictured.count], values: pictured.map(Int64.init)),
                TensorToWrite(
                    name: "images", shape: [pictured.count, shape.height, shape.width, shape.channels],
                    values: pictured.flatMap { images?.image($0) ?? [] }),
            ],
            checksum: true)
    }

    /// Puts the outcomes of a whole stage into one file in place of its blocks'. On rank 0, which has all images.
    func close(
        _ stage: Int, _ name: String, _ shape: ImageShape, samples: [Int], outcomes: [SampleOutcome],
        images: AdversarialImages?, seconds: Double
    ) throws {
        try write(
            stage, name, shape, samples: samples, outcomes: outcomes, images: images, seconds: seconds, part: "all")
        let whole = path(stage, name, part: "all")
        for file in try directoryEntries(directory) where Self.stage(ofFile: file) == stage {
            if "\(directory)/\(file)" != whole { unlink("\(directory)/\(file)") }
        }
    }
}
