import Failures

/// A tensor to be written to a safetensors file.
public struct TensorToWrite {
    public let name: String
    public let elementType: ElementType
    public let shape: [Int]
    /// Lends the bytes, little-endian and in C order. Called once or, with a checksum, twice.
    let withBytes: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

    /// - Parameter withBytes: lends the tensor's bytes to what it is given: as many as type and shape ask for.
    public init(
        name: String, elementType: ElementType, shape: [Int],
        withBytes: @escaping ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.withBytes = withBytes
    }

    /// F32.
    public init(name: String, shape: [Int], values: [Float]) {
        self.init(name: name, elementType: .float32, shape: shape) { try values.withUnsafeBytes($0) }
    }

    /// F64.
    public init(name: String, shape: [Int], values: [Double]) {
        self.init(name: name, elementType: .float64, shape: shape) { try values.withUnsafeBytes($0) }
    }

    /// I64.
    public init(name: String, shape: [Int], values: [Int64]) {
        self.init(name: name, elementType: .int64, shape: shape) { try values.withUnsafeBytes($0) }
    }

    /// U8.
    public init(name: String, shape: [Int], values: [UInt8]) {
        self.init(name: name, elementType: .uint8, shape: shape) { try values.withUnsafeBytes($0) }
    }
}

/// Writes safetensors files, old or new and never a part of one.
public enum SafetensorsWriter {
    /// Writes a file, atomically, with the tensors in the order given and the metadata sorted by key.
    ///
    /// With `checksum`, the metadata get the entry that `SafetensorsFile.verifyChecksum` checks. The bytes of the file
    /// are a function of the arguments alone. Throws `Failure.inputOutput` when the system refuses, and `badInput`
    /// when the header is larger than the format allows.
    public static func write(
        to path: String, metadata: [String: String] = [:], tensors: [TensorToWrite], checksum: Bool = false
    ) throws {
        var metadata = metadata
        precondition(metadata[ContentChecksum.key] == nil, "SafetensorsWriter: metadata holds a checksum already")
        if checksum {
            var content = ContentChecksum(metadata: metadata)
            for tensor in tensors {
                try tensor.withBytes {
                    content.add(name: tensor.name, elementType: tensor.elementType, shape: tensor.shape, $0)
                }
            }
            metadata[ContentChecksum.key] = content.text
        }
        let header = header(metadata: metadata, tensors: tensors.map { ($0.name, $0.elementType, $0.shape) })
        guard header.count <= SafetensorsHeader.maximalBytes else {
            throw Failure.badInput(
                path, "header of \(header.count) bytes", expected: "at most \(SafetensorsHeader.maximalBytes)")
        }
        try AtomicFile.write(to: path) { sink in
            try sink.write(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header)
            for tensor in tensors {
                try tensor.withBytes { bytes in
                    precondition(
                        tensor.elementType.byteCount(shape: tensor.shape) == bytes.count,
                        """
                        SafetensorsWriter: tensor \(tensor.name), \(tensor.elementType.rawValue) of shape \
                        \(tensor.shape), has \(bytes.count) bytes
                        """)
                    try sink.write(bytes)
                }
            }
        }
    }

    static func header(
        metadata: [String: String], tensors: [(name: String, elementType: ElementType, shape: [Int])]
    ) -> [UInt8] {
        var members: [JSONValue.Member] = []
        if !metadata.isEmpty {
            let pairs = ContentChecksum.sorted(metadata).map { JSONValue.Member($0.key, JSONValue($0.value)) }
            members.append(JSONValue.Member(SafetensorsHeader.metadataKey, .object(pairs)))
        }
        var names: Set = [SafetensorsHeader.metadataKey]
        var offset = 0
        for tensor in tensors {
            precondition(names.insert(tensor.name).inserted, "SafetensorsWriter: name \(tensor.name) twice or reserved")
            precondition(
                tensor.shape.count <= SafetensorsHeader.maximalRank
                    && tensor.name.utf8.count <= SafetensorsHeader.maximalNameBytes,
                "SafetensorsWriter: tensor \(tensor.name) of shape \(tensor.shape)")
            guard let byteCount = tensor.elementType.byteCount(shape: tensor.shape) else {
                preconditionFailure("SafetensorsWriter: tensor \(tensor.name) of shape \(tensor.shape)")
            }
            let fields: JSONValue = [
                "dtype": JSONValue(tensor.elementType.rawValue),
                "shape": JSONValue(tensor.shape),
                "data_offsets": JSONValue([offset, offset + byteCount]),
            ]
            members.append(JSONValue.Member(tensor.name, fields))
            offset += byteCount
        }
        var text = Array(JSONValue.object(members).text().utf8)
        // The data begin at a multiple of eight bytes, so that readers can use them in place.
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        return text
    }
}
