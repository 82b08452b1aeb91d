extension FileFormat {
    /// What the bytes of a whole file evidently are; nil where they tell nothing.
    public static func evident(in bytes: UnsafeRawBufferPointer) -> FileFormat? {
        if bytes.isEmpty { return .empty }
        // Its length of the header may look like any signature.
        if isSafetensors(bytes) { return .safetensors }
        if let format = signatures.first(where: { $0.isIn(bytes) })?.format { return refined(format, bytes) }
        if let format = structures.first(where: { $0.isOne(bytes) })?.format { return format }
        return text(bytes)
    }

    /// Bytes that stand at a place of every file of a format.
    private struct Signature: Sendable {
        let format: FileFormat
        let bytes: [UInt8]
        let offset: Int

        init(_ format: FileFormat, _ bytes: [UInt8], at offset: Int = 0) {
            self.format = format
            self.bytes = bytes
            self.offset = offset
        }

        init(_ format: FileFormat, _ text: String, at offset: Int = 0) {
            self.init(format, Array(text.utf8), at: offset)
        }

        func isIn(_ file: UnsafeRawBufferPointer) -> Bool {
            file.count >= offset + bytes.count && file[offset..<offset + bytes.count].elementsEqual(bytes)
        }
    }

    private static let signatures: [Signature] = [
        // A long integer that torch.save has always put first in its former format.
        Signature(.legacyPyTorch, [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]),
        Signature(.pickle, [0x80, 2]), Signature(.pickle, [0x80, 3]), Signature(.pickle, [0x80, 4, 0x95]),
        Signature(.pickle, [0x80, 5, 0x95]),
        Signature(.npy, [0x93] + Array("NUMPY".utf8)), Signature(.hdf5, [0x89] + Array("HDF\r\n".utf8) + [0x1a, 10]),
        Signature(.tflite, "TFL3", at: 4), Signature(.gguf, "GGUF"), Signature(.matlab, "MATLAB 5.0 MAT-file"),
        Signature(.parquet, "PAR1"), Signature(.arrow, "ARROW1"), Signature(.sqlite, "SQLite format 3\0"),
        Signature(.zip, "PK\u{3}\u{4}"), Signature(.zip, "PK\u{5}\u{6}"), Signature(.tar, "ustar", at: 257),
        Signature(.gzip, [0x1f, 0x8b]), Signature(.xz, [0xfd] + Array("7zXZ".utf8) + [0]),
        Signature(.zstd, [0x28, 0xb5, 0x2f, 0xfd]), Signature(.bzip2, "1AY&SY", at: 4),
        Signature(.lz4, [0x04, 0x22, 0x4d, 0x18]), Signature(.sevenZip, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]),
        Signature(.rar, "Rar!\u{1a}\u{7}"),
        Signature(.png, [0x89] + Array("PNG\r\n".utf8) + [0x1a, 10]), Signature(.jpeg, [0xff, 0xd8, 0xff]),
        Signature(.gif, "GIF87a"), Signature(.gif, "GIF89a"), Signature(.webp, "WEBPVP8", at: 8),
        Signature(.tiff, [0x49, 0x49, 0x2a, 0]), Signature(.tiff, [0x4d, 0x4d, 0, 0x2a]), Signature(.pdf, "%PDF-"),
        Signature(.program, [0x7f] + Array("ELF".utf8)), Signature(.program, [0xcf, 0xfa, 0xed, 0xfe]),
        Signature(.utf32, [0xff, 0xfe, 0, 0]), Signature(.utf32, [0, 0, 0xfe, 0xff]),
        Signature(.utf16, [0xff, 0xfe]), Signature(.utf16, [0xfe, 0xff]),
    ]

    /// What a signature leaves open.
    private static func refined(_ format: FileFormat, _ bytes: UnsafeRawBufferPointer) -> FileFormat? {
        switch format {
        case .zip:
            if isAnywhere("/data.pkl", in: bytes) { return .pytorch }
            return firstArchivedName(bytes).hasSuffix(".npy") ? .npz : .zip
        case .pickle:
            let keys = ["batch_label", "fine_label", "coarse_label"]
            return keys.contains { isAnywhere($0, in: bytes) } ? .cifarPython : .pickle
        default: return format
        }
    }

    /// Formats that several bytes have to agree for.
    private static let structures: [(format: FileFormat, isOne: @Sendable (UnsafeRawBufferPointer) -> Bool)] = [
        (
            .idx,
            { bytes in
                // Two zeros, the element type, the number of dimensions; then these, four bytes each.
                bytes.count >= 8 && bytes[0] == 0 && bytes[1] == 0 && [8, 9, 11, 12, 13, 14].contains(bytes[2])
                    && (1...8).contains(bytes[3]) && bytes.count >= 4 + 4 * Int(bytes[3])
            }
        ),
        (
            .bmp,
            { bytes in
                starts(bytes, "BM") && bytes.count >= 10
                    && bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self).littleEndian
                        == UInt32(clamping: bytes.count)
            }
        ),
        (
            .tfRecord,
            { bytes in
                bytes.count >= 16 && TFRecord.maskedCheck(Array(bytes[0..<8])).elementsEqual(bytes[8..<12])
            }
        ),
        (
            .onnx,
            { bytes in
                // A ModelProto: the version of the format, then the producer's name, a short word.
                guard bytes.count >= 6, bytes[0] == 0x08, (1...31).contains(bytes[1]), bytes[2] == 0x12,
                    (1...40).contains(bytes[3]), bytes.count > 4 + Int(bytes[3])
                else { return false }
                return bytes[4..<4 + Int(bytes[3])].allSatisfy { (0x20...0x7e).contains($0) }
            }
        ),
        // A dictionary or an object's module, in the protocol of text.
        (.pickle, { bytes in ["(dp0\n", "(dp1\n", "ccopy_reg\n"].contains { starts(bytes, $0) } }),
        (.zeros, { bytes in bytes.prefix(1 << 24).allSatisfy { $0 == 0 } }),
    ]

    private static func isSafetensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 9, bytes[8] == UInt8(ascii: "{") else { return false }
        return bytes.loadUnaligned(as: UInt64.self).littleEndian <= UInt64(SafetensorsHeader.maximalBytes)
    }

    private static func starts(_ bytes: some Sequence<UInt8>, _ text: String) -> Bool { bytes.starts(with: text.utf8) }

    /// Whether a text stands near the beginning or the end, where archives have their lists.
    private static func isAnywhere(_ text: String, in bytes: UnsafeRawBufferPointer) -> Bool {
        let reach = 1 << 16, word = Array(text.utf8)
        return [bytes.prefix(reach), bytes.suffix(reach)].contains { part in
            part.indices.dropLast(word.count - 1).contains { part[$0...].starts(with: word) }
        }
    }

    /// The name in a ZIP archive's first local header; empty where there is none.
    private static func firstArchivedName(_ bytes: UnsafeRawBufferPointer) -> String {
        guard bytes.count >= 30 else { return "" }
        let length = Int(bytes.loadUnaligned(fromByteOffset: 26, as: UInt16.self).littleEndian)
        return String(decoding: bytes.dropFirst(30).prefix(length), as: UTF8.self)
    }

    /// The kind of text; nil for what is none.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> FileFormat? {
        var text = bytes.prefix(1 << 16)
        if text.starts(with: [0xef, 0xbb, 0xbf]) { text = text.dropFirst(3) }
        let isControl = { (byte: UInt8) in byte < 0x20 && ![9, 10, 12, 13].contains(byte) || byte == 0x7f }
        // In other encodings than UTF-8 some bytes are no ASCII, but few.
        guard !text.contains(where: isControl), text.count(where: { $0 >= 0x80 }) <= text.count / 4 else { return nil }
        if starts(text, "version https://git-lfs.github.com/spec/") { return .lfsPointer }
        if starts(text, "/annex/objects/") { return .annexPointer }
        if starts(text, "#!") { return .script }
        let body = text.drop { [9, 10, 12, 13, 32].contains($0) }
        let start = body.prefix(20).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        if ["<!doctype html", "<html", "<head", "<body"].contains(where: { starts(start, $0) }) { return .webPage }
        if starts(start, "<?xml") { return .xml }
        if starts(start, "{") || starts(start, "[") { return .json }
        return isYAML(body) ? .yaml : .text
    }

    /// Whether the first line that is no comment has the form of a key and a colon.
    private static func isYAML(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        let newline = UInt8(ascii: "\n"), comment = UInt8(ascii: "#")
        guard let line = text.split(separator: newline).first(where: { $0.first != comment && $0.first != 13 }) else {
            return false
        }
        let key = line.prefix { isNameByte($0) }, rest = line.dropFirst(key.count)
        return starts(line, "---")
            || !key.isEmpty && rest.first == UInt8(ascii: ":")
                && [nil, 13, 32].contains(rest.dropFirst().first)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}
