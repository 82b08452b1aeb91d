import Failures
import Formats
import Glibc

/// A directory of a test's own, removed with everything in it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/pag-formats-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure.inputOutput("/tmp", "create a directory", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.removeAll(path) }

    private static func removeAll(_ path: String) {
        if remove(path) == 0 { return }
        for name in (try? directoryEntries(path)) ?? [] { removeAll("\(path)/\(name)") }
        _ = remove(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// What `body` throws, as the program would print it; nil when it throws nothing.
func failure(of body: () throws -> Void) -> Failure? {
    do {
        try body()
        return nil
    } catch let failure as Failure {
        return failure
    } catch {
        return Failure(.internalError, "no Failure: \(error)")
    }
}

/// Writes without any of the modules under test.
func writePlainly(_ bytes: [UInt8], to path: String) throws {
    // Some file systems flush a file that is shortened and written again, which takes milliseconds.
    unlink(path)
    guard let file = fopen(path, "wb") else { throw Failure.inputOutput(path, "open", code: errno) }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
        throw Failure.inputOutput(path, "write", code: errno)
    }
}

func readPlainly(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw Failure.inputOutput(path, "open", code: errno) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes
}

func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
