import Failures
import Formats
import Glibc

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
