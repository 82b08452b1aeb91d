import CZlib
import Failures

/// Compression and decompression through zlib (RFC 1950 to 1952).
public enum Gzip {
    /// What stands around the compressed bytes.
    public enum Container: Sendable {
        case gzip, zlib
        /// The compressed data alone, as in ZIP archives.
        case deflate

        fileprivate var windowBits: Int32 {
            switch self {
            case .gzip: 15 + 16
            case .zlib: 15
            case .deflate: -15
            }
        }
    }

    /// Whether the bytes begin with gzip's magic number 1f 8b.
    public static func isCompressed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
    }

    /// The decompressed contents, of one or more members, at most `limit` bytes of them.
    ///
    /// Throws `Failure.badInput` with `source` as the place when the stream is truncated, corrupt, followed by
    /// anything else, or expands to more than `limit` bytes. Memory grows with what was really decompressed.
    public static func inflate(
        _ bytes: UnsafeRawBufferPointer, limit: Int, source: String, container: Container = .gzip
    ) throws -> [UInt8] {
        precondition(limit >= 0, "Gzip.inflate: limit \(limit)")
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            throw Failure.badInput(source, "empty", expected: "compressed data")
        }
        var stream = z_stream()
        guard inflateInit2_(&stream, container.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw Failure(.internalError, "\(source): zlib cannot start") }
        defer { inflateEnd(&stream) }

        var output = [UInt8](repeating: 0, count: min(limit, max(1 << 16, 4 * min(bytes.count, 1 << 24))))
        var produced = 0
        var consumed = 0
        while true {
            if produced == output.count, output.count < limit {
                let growth = min(output.count, limit - output.count)
                output.append(contentsOf: repeatElement(0, count: growth))
            }
            let given = min(bytes.count - consumed, 1 << 30)
            stream.next_in = UnsafeMutablePointer(mutating: (base + consumed).assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(given)
            let room = min(output.count - produced, 1 << 30)
            let isFull = room == 0
            // A full output gets one byte more to write to: the only sign that the data go on past the limit.
            var excess: UInt8 = 0
            let status = output.withUnsafeMutableBufferPointer { buffer in
                withUnsafeMutablePointer(to: &excess) { excess in
                    stream.next_out = isFull ? excess : buffer.baseAddress.unsafelyUnwrapped + produced
                    stream.avail_out = UInt32(isFull ? 1 : room)
                    return CZlib.inflate(&stream, Z_NO_FLUSH)
                }
            }
            consumed += given - Int(stream.avail_in)
            if isFull {
                guard stream.avail_out == 1 else {
                    throw Failure.badInput(source, "expands to more than \(limit) bytes")
                }
            } else {
                produced += room - Int(stream.avail_out)
            }
            switch status {
            case Z_OK:
                continue
            case Z_STREAM_END:
                if consumed == bytes.count {
                    output.removeLast(output.count - produced)
                    return output
                }
                guard container == .gzip, isCompressed(UnsafeRawBufferPointer(rebasing: bytes[consumed...])) else {
                    throw Failure.badInput(source, "\(bytes.count - consumed) bytes follow the compressed data")
                }
                inflateReset(&stream)
            case Z_BUF_ERROR where consumed == bytes.count:
                throw Failure.badInput(source, "compressed data truncated after \(bytes.count) bytes")
            case Z_MEM_ERROR:
                throw Failure(.internalError, "\(source): zlib is out of memory")
            default:
                let words = stream.msg.map { String(cString: $0) } ?? "zlib status \(status)"
                throw Failure.badInput(source, "compressed data corrupt near byte \(consumed): \(words)")
            }
        }
    }

    /// The bytes compressed at zlib's default level.
    public static func deflate(_ bytes: [UInt8], container: Container = .gzip) -> [UInt8] {
        precondition(bytes.count <= 1 << 30, "Gzip.deflate: \(bytes.count) bytes")
        var stream = z_stream()
        var status = deflateInit2_(
            &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, container.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "Gzip.deflate: zlib cannot start, status \(status)")
        defer { deflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
        let produced = bytes.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                status = CZlib.deflate(&stream, Z_FINISH)
                return output.count - Int(stream.avail_out)
            }
        }
        precondition(status == Z_STREAM_END, "Gzip.deflate: zlib status \(status)")
        output.removeLast(output.count - produced)
        return output
    }
}
