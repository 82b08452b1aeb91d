import Failures

/// Conversions of tensors to arrays. Each throws `Failure.badInput` when there is no tensor of the name, its shape is
/// not `shape` (unless that is nil), or its element type is none of those listed.
extension SafetensorsFile {
    /// From F16, BF16, F32, or F64, which is rounded to nearest.
    public func values(of name: String, shape: [Int]? = nil) throws -> [Float] {
        let entry = try entry(name, shape: shape)
        return try withBytes(of: entry) { bytes in
            switch entry.elementType {
            case .float16: convert(bytes) { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
            case .bfloat16: convert(bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
            case .float32: convert(bytes) { (value: Float) in value }
            case .float64: convert(bytes) { (value: Double) in Float(value) }
            default: throw mismatch(entry, "F16, BF16, F32 or F64")
            }
        }
    }

    /// From F16, BF16, F32 or F64, exactly.
    public func values(of name: String, shape: [Int]? = nil) throws -> [Double] {
        let entry = try entry(name, shape: shape)
        return try withBytes(of: entry) { bytes in
            switch entry.elementType {
            case .float16: convert(bytes) { (bits: UInt16) in Double(Float16(bitPattern: bits)) }
            case .bfloat16: convert(bytes) { (bits: UInt16) in Double(Float(bitPattern: UInt32(bits) << 16)) }
            case .float32: convert(bytes) { (value: Float) in Double(value) }
            case .float64: convert(bytes) { (value: Double) in value }
            default: throw mismatch(entry, "F16, BF16, F32 or F64")
            }
        }
    }

    /// From BOOL, U8, I8, U16, I16, U32, I32 or I64, exactly.
    public func values(of name: String, shape: [Int]? = nil) throws -> [Int64] {
        let entry = try entry(name, shape: shape)
        return try withBytes(of: entry) { bytes in
            switch entry.elementType {
            case .bool, .uint8: convert(bytes) { (value: UInt8) in Int64(value) }
            case .int8: convert(bytes) { (value: Int8) in Int64(value) }
            case .uint16: convert(bytes) { (value: UInt16) in Int64(value) }
            case .int16: convert(bytes) { (value: Int16) in Int64(value) }
            case .uint32: convert(bytes) { (value: UInt32) in Int64(value) }
            case .int32: convert(bytes) { (value: Int32) in Int64(value) }
            case .int64: convert(bytes) { (value: Int64) in value }
            default: throw mismatch(entry, "an integer type up to I64")
            }
        }
    }

    private func mismatch(_ entry: SafetensorsEntry, _ expected: String) -> Failure {
        .badInput(
            "\(path): tensor \(entry.name.quoted)", "has the dtype \(entry.elementType.rawValue)", expected: expected)
    }
}

private func convert<Stored: BitwiseCopyable, Value>(
    _ bytes: UnsafeRawBufferPointer, _ transform: (Stored) -> Value
) -> [Value] {
    // The data region of a foreign file begins anywhere.
    let size = MemoryLayout<Stored>.size
    return (0..<bytes.count / size).map { transform(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Stored.self)) }
}
