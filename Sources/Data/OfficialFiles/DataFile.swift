import Failures
import Formats
import Glibc

/// Opening of the official files of a dataset, with refusals that name what was expected.
enum DataFile {
    /// - Throws: `Failure.badInput` unless `path` is a folder.
    static func requireDirectory(_ path: String, of content: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            throw isAbsence(code)
                ? Failure.badInput(path, "no such folder", expected: "the folder of \(content)")
                : Failure.inputOutput(path, "open", code: code)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure.badInput(path, "not a folder", expected: "the folder of \(content)")
        }
    }

    /// What data are called by where they lie: the last part of the path, a file's without its ending.
    static func name(of path: String) -> String {
        let last = path.split(separator: "/").last { $0 != "." } ?? "data"
        return String(last.prefix(upTo: last.dropFirst().lastIndex(of: ".") ?? last.endIndex))
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Maps `path`; with `byteCount`, only if the file has exactly that size.
    /// - Throws: `Failure.badInput` for a file that is missing, no regular file or of another size.
    static func map(_ path: String, _ content: String, byteCount: Int? = nil) throws -> MappedFile {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            throw isAbsence(code)
                ? Failure.badInput(path, "no such file", expected: content)
                : Failure.inputOutput(path, "open", code: code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure.badInput(path, "not a regular file", expected: content)
        }
        let file = try MappedFile(path: path)
        if let byteCount, byteCount != file.bytes.count {
            let other = FileFormat.refusal(path, file.bytes, expected: [.empty, .zeros], words: content)
            if let other { throw other }
            try requireSize(file.bytes.count, byteCount, path)
        }
        return file
    }

    static func requireSize(_ found: Int, _ expected: Int, _ path: String, note: String = "") throws {
        guard found != expected else { return }
        let problem = found < expected ? "file truncated" : "file too long"
        throw Failure.badInput(
            path, "\(problem): \(grouped(found)) bytes", expected: "\(grouped(expected)) bytes\(note)")
    }

    /// The labels at `offset`, `offset + stride`, ... less `first`, the number that the format gives the first class.
    /// - Throws: `Failure.badInput` with the record of the first label that is no class.
    static func labels(
        _ bytes: UnsafeRawBufferPointer, offset: Int, stride: Int, count: Int, first: UInt8 = 0, classes: Int,
        path: String
    ) throws -> [UInt16] {
        let valid = first...(first + UInt8(classes - 1))
        var labels = [UInt16]()
        labels.reserveCapacity(count)
        for record in 0..<count {
            let label = bytes[offset + record * stride]
            guard valid.contains(label) else {
                throw Failure.badInput(
                    path, "record \(grouped(record)) has label \(label)",
                    expected: "\(valid.lowerBound) to \(valid.upperBound)")
            }
            labels.append(UInt16(label - first))
        }
        return labels
    }

    private static func isAbsence(_ code: Int32) -> Bool { code == ENOENT || code == ENOTDIR }
}
