import Failures

/// A safetensors file, mapped and fully checked on opening.
///
/// The rules are those of the format's description (https://github.com/huggingface/safetensors), the stricter reading
/// wherever there are two: the header starts with `{` and ends in `}` and spaces, no key comes twice, tensors fill
/// the data region in order without holes or overlaps, nothing follows them. Element values are not examined.
public struct SafetensorsFile: Sendable {
    public let path: String
    /// The header's `__metadata__`; empty where it has none.
    public let metadata: [String: String]
    /// In the order of the data.
    public let entries: [SafetensorsEntry]

    /// What entries are read from; tensors of a data set stay in it.
    public let file: MappedFile
    private let dataStart: Int
    private let indices: [String: Int]

    /// Opens and checks a file. Throws `Failure.badInput` naming the file and, where there is one, the tensor;
    /// `inputOutput` when the system refuses to read it.
    public init(path: String) throws {
        self.path = path
        file = try MappedFile(path: path)
        let header = try file.read(as: [.safetensors], words: "safetensors") {
            try SafetensorsHeader($0, path: path)
        }
        metadata = header.metadata
        entries = header.entries
        dataStart = header.dataStart
        indices = Dictionary(uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
    }

    /// The tensor of this name, or nil.
    public func entry(_ name: String) -> SafetensorsEntry? { indices[name].map { entries[$0] } }

    /// The tensor of this name. Throws `Failure.badInput` when there is none or, with `shape` given, its shape differs.
    public func entry(_ name: String, shape: [Int]?) throws -> SafetensorsEntry {
        guard let entry = entry(name) else { throw Failure.badInput(path, "no tensor \(name.quoted)") }
        if let shape, shape != entry.shape {
            throw Failure.badInput(
                path, "tensor \(name.quoted) has the shape \(entry.shape)", expected: "\(shape)")
        }
        return entry
    }

    /// Where the tensor's bytes begin in the file.
    public func offset(of entry: SafetensorsEntry) -> Int { dataStart + entry.range.lowerBound }

    /// Lends the tensor's bytes, little-endian and in C order, without copying. They need not be aligned.
    public func withBytes<Result>(
        of entry: SafetensorsEntry, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        precondition(self.entry(entry.name) == entry, "SafetensorsFile: tensor \(entry.name) is not of \(path)")
        return try withExtendedLifetime(file) {
            let start = offset(of: entry)
            return try body(UnsafeRawBufferPointer(rebasing: file.bytes[start..<start + entry.range.count]))
        }
    }

    /// Lends the bytes of the tensor of this name. Throws `Failure.badInput` when there is none.
    public func withBytes<Result>(
        of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        try withBytes(of: entry(name, shape: nil), body)
    }
}
