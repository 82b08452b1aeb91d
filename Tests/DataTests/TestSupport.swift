import Data
import Failures
import Formats
import Glibc
import Kernels
import TestSupport
import Testing

extension TemporaryDirectory {
    /// The folders that `name` says are made.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        try create(name) { Glibc.write($0, bytes, bytes.count) == bytes.count }
    }

    /// A file of zeros, with a few bytes set; it takes no room on the disk.
    func writeZeros(_ name: String, count: Int, setting values: [Int: UInt8] = [:]) throws {
        try create(name) { file in
            ftruncate(file, count) == 0
                && values.allSatisfy { place, value in pwrite(file, [value], 1, place) == 1 }
        }
    }

    func remove(_ name: String) { unlink("\(path)/\(name)") }

    private func create(_ name: String, _ fill: (Int32) -> Bool) throws {
        let folders = name.split(separator: "/").dropLast().joined(separator: "/")
        if !folders.isEmpty { try createDirectory("\(path)/\(folders)") }
        // Another file, not other contents: the one that is there may be mapped.
        unlink("\(path)/\(name)")
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        guard file >= 0, fill(file) else { throw Failure.inputOutput("\(path)/\(name)", "write", code: errno) }
    }
}

extension Dataset {
    func image(_ index: Int) -> [Scalar] {
        var image = [Scalar](repeating: -1, count: shape.count)
        image.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { read(index, into: base) }
        }
        return image
    }

    /// The image as the bytes that it was read from.
    func bytes(_ index: Int) -> [UInt8] { image(index).map { UInt8(($0 * 255).rounded()) } }
}

/// A file of the folder Images, which make_images.py has made.
func fixture(_ name: String) throws -> [UInt8] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    return try FileContents.read("\(folder)/Images/\(name)", limit: 1 << 20)
}

/// The first 16 hexadecimal digits of SHA-256, as make_images.py prints them.
func digest(_ bytes: [UInt8]) -> String {
    String(bytes.withUnsafeBytes { SHA256.hexDigest(of: $0) }.prefix(16))
}

/// Opening `spec` must fail as bad input with a single line that contains all of `parts`.
func expectRefusal(
    _ spec: String, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
    do {
        let splits = try DatasetRegistry.open(spec)
        Issue.record("opened, \(splits.train.count) images", sourceLocation: sourceLocation)
    } catch let failure as Failure {
        #expect(failure.kind == .badInput, "\(failure)", sourceLocation: sourceLocation)
        #expect(!failure.description.contains("\n"), sourceLocation: sourceLocation)
        for part in parts {
            #expect(failure.description.contains(part), "\(failure)", sourceLocation: sourceLocation)
        }
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
