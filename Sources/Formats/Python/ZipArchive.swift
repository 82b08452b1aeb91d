import CZlib
import Failures

/// A ZIP archive as NumPy writes them: stored or deflated members, ZIP64 where sizes ask for it.
///
/// Members are checked against their CRC-32 when they are read. Archives in several parts, encrypted members and other
/// ways of compression are refused with `Failure.badInput`.
public struct ZipArchive: Sendable {
    /// One file of the archive.
    public struct Member: Sendable {
        public let name: String
        /// Its bytes lie in the archive as they are.
        public let isStored: Bool
        /// Bytes of the contents, as the archive claims.
        public let byteCount: Int
        let packedCount: Int
        let checksum: UInt32
        let headerOffset: Int
    }

    /// The archive, in which stored members' bytes lie.
    public let file: MappedFile
    /// In the order of the archive's directory.
    public let members: [Member]

    private static let mostMembers = 10_000

    /// Reads the directory at the archive's end. Throws `badInput` for what is damaged, encrypted or no archive.
    public init(path: String) throws {
        file = try MappedFile(path: path)
        let reader = LittleEndianReader(file.bytes, source: path)
        let directory = try Self.directory(reader, path)
        guard directory.count <= Self.mostMembers else {
            throw Failure.badInput(path, "\(directory.count) members", expected: "at most \(Self.mostMembers)")
        }
        var members: [Member] = [], names: Set<String> = [], offset = directory.offset
        for _ in 0..<directory.count {
            let (member, end) = try Self.member(reader, at: offset, path)
            guard names.insert(member.name).inserted else {
                throw Failure.badInput(path, "two members are called \(member.name.quoted)")
            }
            members.append(member)
            offset = end
        }
        self.members = members
    }

    /// Nil where there is none of that name.
    public func member(_ name: String) -> Member? { members.first { $0.name == name } }

    /// Where the contents of a stored member lie in the file, checked.
    public func range(ofStored member: Member) throws -> Range<Int> {
        precondition(member.isStored, "ZipArchive: \(member.name) is compressed")
        let range = try packedRange(member)
        guard range.count == member.byteCount else {
            throw problem(member, "stored with \(range.count) bytes, but said to have \(member.byteCount)")
        }
        try check(UnsafeRawBufferPointer(rebasing: file.bytes[range]), member)
        return range
    }

    /// The contents, checked, at most `limit` bytes. Memory grows with what is really there.
    public func contents(of member: Member, limit: Int) throws -> [UInt8] {
        guard member.byteCount <= limit else {
            throw problem(member, "claims \(member.byteCount) bytes, more than the \(limit) that are read")
        }
        if member.isStored { return Array(file.bytes[try range(ofStored: member)]) }
        let packed = UnsafeRawBufferPointer(rebasing: file.bytes[try packedRange(member)])
        let bytes = try Gzip.inflate(packed, limit: member.byteCount, source: place(member), container: .deflate)
        guard bytes.count == member.byteCount else {
            throw problem(member, "expands to \(bytes.count) bytes, but said to have \(member.byteCount)")
        }
        try bytes.withUnsafeBytes { try check($0, member) }
        return bytes
    }

    private func place(_ member: Member) -> String { "\(file.path): \(member.name.quoted)" }
    private func problem(_ member: Member, _ text: String) -> Failure { .badInput(place(member), text) }

    private func check(_ bytes: UnsafeRawBufferPointer, _ member: Member) throws {
        let found = crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
        guard found == UInt(member.checksum) else { throw problem(member, "damaged: its checksum is another") }
    }

    /// Behind the member's own header.
    private func packedRange(_ member: Member) throws -> Range<Int> {
        let reader = LittleEndianReader(file.bytes, source: place(member))
        guard try reader.uint32(member.headerOffset) == 0x0403_4b50 else {
            throw problem(member, "no member where the archive's directory says")
        }
        let start =
            try member.headerOffset + 30 + Int(reader.uint16(member.headerOffset + 26))
            + Int(reader.uint16(member.headerOffset + 28))
        guard start <= file.bytes.count, member.packedCount <= file.bytes.count - start else {
            throw problem(member, "reaches beyond the end of the file")
        }
        return start..<start + member.packedCount
    }

    /// Where the directory of members lies, by the record at the end of the file.
    private static func directory(_ reader: LittleEndianReader, _ path: String) throws -> (offset: Int, count: Int) {
        let size = reader.count, words = "an .npz archive"
        let other = FileFormat.refusal(path, try reader.bytes(0, size), expected: [.zip, .npz], words: words)
        if let other { throw other }
        guard size >= 22 else { throw Failure.badInput(path, "not a ZIP archive: \(size) bytes", expected: words) }
        // A comment of at most 65,535 bytes may follow the record.
        let last = size - 22
        guard
            let end = try stride(from: last, through: max(0, last - 65_535), by: -1).first(where: {
                try reader.uint32($0) == 0x0605_4b50 && Int(try reader.uint16($0 + 20)) == size - $0 - 22
            })
        else { throw Failure.badInput(path, "not a ZIP archive, or a truncated one: it has no directory at its end") }
        var count = Int(try reader.uint16(end + 10)), offset = Int(try reader.uint32(end + 16))
        guard try reader.uint16(end + 4) == 0 || count == 0xffff else {
            throw Failure.badInput(path, "a part of an archive in several parts")
        }
        if count == 0xffff || offset == 0xffff_ffff, end >= 20, try reader.uint32(end - 20) == 0x0706_4b50 {
            let wide = try reader.integer(end - 12)
            guard try reader.uint32(wide) == 0x0606_4b50 else {
                throw Failure.badInput(path, "no ZIP64 directory where the archive says")
            }
            count = try reader.integer(wide + 32)
            offset = try reader.integer(wide + 48)
        }
        return (offset, count)
    }

    private static func member(
        _ reader: LittleEndianReader, at offset: Int, _ path: String
    ) throws -> (Member, end: Int) {
        guard try reader.uint32(offset) == 0x0201_4b50 else {
            throw Failure.badInput(path, "the archive's directory is damaged near byte \(offset)")
        }
        let flags = try reader.uint16(offset + 8), method = try reader.uint16(offset + 10)
        let nameLength = Int(try reader.uint16(offset + 28)), extraLength = Int(try reader.uint16(offset + 30))
        let end = offset + 46 + nameLength + extraLength + Int(try reader.uint16(offset + 32))
        let name = String(decoding: try reader.bytes(offset + 46, nameLength), as: UTF8.self)
        let place = "\(path): \(name.quoted)"
        guard flags & 1 == 0 else { throw Failure.badInput(place, "encrypted") }
        guard method == 0 || method == 8 else {
            throw Failure.badInput(place, "compressed by method \(method)", expected: "stored or deflated members")
        }
        var sizes = try [24, 20, 42].map { Int(try reader.uint32(offset + $0)) }
        try widen(&sizes, reader, offset + 46 + nameLength, extraLength, place)
        return (
            Member(
                name: name, isStored: method == 0, byteCount: sizes[0], packedCount: sizes[1],
                checksum: try reader.uint32(offset + 16), headerOffset: sizes[2]), end
        )
    }

    /// What does not fit in 32 bits stands in the ZIP64 part of the extra field, in this order.
    private static func widen(
        _ sizes: inout [Int], _ reader: LittleEndianReader, _ start: Int, _ length: Int, _ place: String
    ) throws {
        guard sizes.contains(0xffff_ffff) else { return }
        var part = start
        while part + 4 <= start + length {
            let partLength = Int(try reader.uint16(part + 2))
            if try reader.uint16(part) == 1 {
                var field = part + 4
                for i in sizes.indices where sizes[i] == 0xffff_ffff {
                    guard field + 8 <= part + 4 + partLength else {
                        throw Failure.badInput(place, "its ZIP64 sizes are damaged")
                    }
                    sizes[i] = try reader.integer(field)
                    field += 8
                }
                return
            }
            part += 4 + partLength
        }
    }
}
