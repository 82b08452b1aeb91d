import Failures
import Formats

/// A hash of a file's contents that is quick to make.
enum FileFingerprint {
    /// Files of targets can be larger than a start may take to read: of those, pieces all over them.
    private static let most = 1 << 30, piece = 1 << 20

    /// As text, or what keeps the file from being read.
    static func text(of path: String) -> String {
        do {
            let file = try MappedFile(path: path)
            return withExtendedLifetime(file) { text(of: file.bytes) }
        } catch {
            let message = "\(error)"
            return message.hasPrefix("\(path): ") ? String(message.dropFirst(path.count + 2)) : message
        }
    }

    static func text(of bytes: UnsafeRawBufferPointer) -> String {
        var hash = UInt64(bytes.count)
        let stride = max(piece, bytes.count / (most / piece))
        for start in Swift.stride(from: 0, to: bytes.count, by: stride) {
            let part = bytes[start..<min(start + piece, bytes.count)]
            hash = xxHash64(UnsafeRawBufferPointer(rebasing: part), seed: hash)
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
