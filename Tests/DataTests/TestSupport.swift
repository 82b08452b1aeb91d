import Data
import Failures
import Glibc
import Kernels
import Testing

/// A folder that disappears with its object, files and all.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/pag-data-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure.inputOutput("/tmp", "create a folder", code: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names = [String]()
        while let entry = readdir(folder) {
            names.append(withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) })
        }
        return names.filter { $0 != "." && $0 != ".." }
    }

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
}

/// Opening `spec` must fail as bad input with a single line that contains all of `parts`.
func expectRefusal(
    _ spec: String, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
    do {
        let splits = try DatasetRegistry.open(spec, seed: 1)
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
