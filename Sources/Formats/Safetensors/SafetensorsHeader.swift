import Failures

/// The header of a safetensors file, read and checked against the size of the whole file.
struct SafetensorsHeader {
    static let metadataKey = "__metadata__"
    static let maximalBytes = 100_000_000
    static let maximalRank = 16
    static let maximalEntries = 100_000
    static let maximalNameBytes = 4_096

    let metadata: [String: String]
    let entries: [SafetensorsEntry]
    let dataStart: Int

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
        guard bytes.count >= 8 else {
            throw Failure.badInput(path, "\(bytes.count) bytes are too few for a safetensors file")
        }
        let claimed = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard claimed <= UInt64(Self.maximalBytes) else {
            throw Failure.badInput(
                path, "header of \(claimed) bytes", expected: "at most \(Self.maximalBytes) in a safetensors file")
        }
        let length = Int(claimed)
        guard length <= bytes.count - 8 else {
            throw Failure.badInput(path, "header of \(length) bytes in a file of \(bytes.count): truncated?")
        }
        dataStart = 8 + length
        var text = bytes[8..<dataStart]
        while text.last == UInt8(ascii: " ") { text.removeLast() }
        guard text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}") else {
            throw Failure.badInput(path, "header is not a JSON object followed by spaces")
        }
        var limits = JSONLimits()
        limits.depth = 3
        limits.members = Self.maximalEntries + 1
        limits.values = (Self.maximalEntries + 1) * (6 + Self.maximalRank)
        let header = try JSONValue.parse(
            UnsafeRawBufferPointer(rebasing: text), source: "\(path): header", limits: limits)

        var metadata: [String: String] = [:]
        var entries: [SafetensorsEntry] = []
        for member in header.members ?? [] {
            if member.key == Self.metadataKey {
                metadata = try Self.metadata(member.value, path: path)
            } else {
                entries.append(try Self.entry(member, path: path))
            }
        }
        // The header's order decides between empty tensors of one place.
        entries = entries.enumerated().sorted {
            ($0.element.range.lowerBound, $0.element.range.upperBound, $0.offset)
                < ($1.element.range.lowerBound, $1.element.range.upperBound, $1.offset)
        }.map(\.element)
        var end = 0
        for entry in entries {
            let begin = entry.range.lowerBound
            guard begin == end else {
                throw Failure.badInput(
                    "\(path): tensor \(entry.name.quoted)",
                    "\(begin < end ? "overlap" : "hole"): begins at byte \(begin) of the data", expected: "\(end)")
            }
            end = entry.range.upperBound
        }
        guard end == bytes.count - dataStart else {
            throw Failure.badInput(path, "\(bytes.count - dataStart) bytes of tensor data", expected: "\(end)")
        }
        self.metadata = metadata
        self.entries = entries
    }

    private static func metadata(_ value: JSONValue, path: String) throws -> [String: String] {
        guard let members = value.members else {
            throw Failure.badInput(path, "\(metadataKey) is not an object")
        }
        var metadata: [String: String] = [:]
        for member in members {
            guard let string = member.value.stringValue else {
                throw Failure.badInput(path, "metadata \(member.key.quoted) is not a string")
            }
            metadata[member.key] = string
        }
        return metadata
    }

    private static func entry(_ member: JSONValue.Member, path: String) throws -> SafetensorsEntry {
        let place = "\(path): tensor \(member.key.quoted)"
        guard member.key.utf8.count <= maximalNameBytes else {
            throw Failure.badInput(
                place, "name of \(member.key.utf8.count) bytes", expected: "at most \(maximalNameBytes)")
        }
        guard let fields = member.value.members else { throw Failure.badInput(place, "is not an object") }
        if let stranger = fields.first(where: { !["dtype", "shape", "data_offsets"].contains($0.key) }) {
            throw Failure.badInput(
                place, "unknown field \(stranger.key.quoted)", expected: "dtype, shape, data_offsets")
        }
        guard let typeName = member.value["dtype"]?.stringValue else { throw Failure.badInput(place, "no dtype") }
        guard let elementType = ElementType(rawValue: typeName) else {
            throw Failure.badInput(
                place, "unknown dtype \(typeName.quoted)",
                expected: ElementType.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let shape = try naturals(member.value["shape"], "shape", place)
        guard shape.count <= maximalRank else {
            throw Failure.badInput(place, "\(shape.count) dimensions", expected: "at most \(maximalRank)")
        }
        let offsets = try naturals(member.value["data_offsets"], "data_offsets", place)
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw Failure.badInput(place, "data_offsets are not a begin and an end")
        }
        guard let byteCount = elementType.byteCount(shape: shape) else {
            throw Failure.badInput(place, "\(typeName) of shape \(shape) has no size in bytes")
        }
        guard offsets[1] - offsets[0] == byteCount else {
            throw Failure.badInput(
                place, "\(offsets[1] - offsets[0]) bytes", expected: "\(byteCount) for \(typeName) of shape \(shape)")
        }
        return SafetensorsEntry(
            name: member.key, elementType: elementType, shape: shape, range: offsets[0]..<offsets[1])
    }

    private static func naturals(_ value: JSONValue?, _ field: String, _ place: String) throws -> [Int] {
        guard let elements = value?.arrayValue else { throw Failure.badInput(place, "\(field) is not an array") }
        return try elements.map {
            guard let integer = $0.intValue, integer >= 0 else {
                throw Failure.badInput(place, "\(field) holds something else than natural numbers")
            }
            return integer
        }
    }
}
