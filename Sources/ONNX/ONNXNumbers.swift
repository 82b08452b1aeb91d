import Failures
import Formats

extension ONNXFile {
    /// A tensor's numbers in row-major order, of any floating-point type. Throws `badInput` where they are of another, or
    /// not where the file says.
    public func floats(of tensor: ONNXTensor) throws -> [Float] {
        switch (tensor.element, tensor.contents) {
        case (.float32, .floats(let numbers)): return numbers
        case (.float64, .doubles(let numbers)): return numbers.map { Float($0) }
        case (.float16, .integers(let bits)):
            return bits.map { Float(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }
        case (.bfloat16, .integers(let bits)):
            return bits.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16) }
        case (_, .raw), (_, .external): break
        default: throw refusal(tensor, "lists no floating-point numbers")
        }
        let bytes = try bytes(of: tensor)
        return try bytes.withUnsafeBytes { bytes in
            switch tensor.element {
            case .float32: numbers(bytes, UInt32.self) { Float(bitPattern: $0) }
            case .float64: numbers(bytes, UInt64.self) { Float(Double(bitPattern: $0)) }
            case .float16: numbers(bytes, UInt16.self) { Float(Float16(bitPattern: $0)) }
            case .bfloat16: numbers(bytes, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
            default: throw refusal(tensor, "is of no floating-point type")
            }
        }
    }

    /// Likewise, of any integer type; a truth value is 0 or 1.
    public func integers(of tensor: ONNXTensor) throws -> [Int64] {
        if case .integers(let numbers) = tensor.contents { return numbers }
        let bytes = try bytes(of: tensor)
        return try bytes.withUnsafeBytes { bytes in
            switch tensor.element {
            case .int64: numbers(bytes, Int64.self) { $0 }
            case .int32: numbers(bytes, Int32.self) { Int64($0) }
            case .int16: numbers(bytes, Int16.self) { Int64($0) }
            case .int8: numbers(bytes, Int8.self) { Int64($0) }
            case .uint8, .bool: numbers(bytes, UInt8.self) { Int64($0) }
            case .uint16: numbers(bytes, UInt16.self) { Int64($0) }
            case .uint32: numbers(bytes, UInt32.self) { Int64($0) }
            case .uint64: numbers(bytes, UInt64.self) { Int64(clamping: $0) }
            default: throw refusal(tensor, "is of no integer type")
            }
        }
    }

    private func numbers<Bits: FixedWidthInteger & BitwiseCopyable, Number>(
        _ bytes: UnsafeRawBufferPointer, _: Bits.Type, _ number: (Bits) -> Number
    ) -> [Number] {
        stride(from: 0, to: bytes.count, by: MemoryLayout<Bits>.size).map {
            number(Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Bits.self)))
        }
    }

    private func bytes(of tensor: ONNXTensor) throws -> [UInt8] {
        let size = tensor.count.multipliedReportingOverflow(by: tensor.element.bytes)
        switch tensor.contents {
        case .raw(let bytes): return bytes
        case .external(let location?, let offset, let length):
            let file = try MappedFile(path: self.path(of: location, tensor))
            guard offset >= 0, !size.overflow, length == nil || length == Int64(size.partialValue),
                offset <= Int64(file.bytes.count - size.partialValue)
            else {
                throw refusal(
                    tensor,
                    "claims \(tensor.count) numbers at \(offset) of \(file.path), which has "
                        + "\(file.bytes.count) bytes")
            }
            return withExtendedLifetime(file) {
                Array(file.bytes[Int(offset)..<(Int(offset) + size.partialValue)])
            }
        default: throw refusal(tensor, "has no numbers")
        }
    }

    /// The paths of the files beside this one that hold numbers of it, each once. Throws `badInput` for others.
    public func externalFiles() throws -> [String] {
        let values = graph.nodes.flatMap { node in
            node.attributes.values.compactMap { if case .tensor(let tensor) = $0 { tensor } else { nil } }
        }
        let paths = try (graph.constants.values + values).compactMap { tensor -> String? in
            guard case .external(let location?, _, _) = tensor.contents else { return nil }
            return try path(of: location, tensor)
        }
        return Set(paths).sorted()
    }

    /// A file of somebody else names files beside it, and no others.
    private func path(of location: String, _ tensor: ONNXTensor) throws -> String {
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.isEmpty, !location.contains("\0"), !parts.contains(""), !parts.contains("..") else {
            throw refusal(tensor, "stands in \(location.debugDescription.prefix(80))", expected: "a file beside it")
        }
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return path.contains("/") ? "\(folder)/\(location)" : location
    }

    private func refusal(_ tensor: ONNXTensor, _ problem: String, expected: String? = nil) -> Failure {
        let place = "\(path): tensor \(tensor.name.debugDescription.prefix(80))"
        return expected.map { Failure.badInput(place, problem, expected: $0) } ?? Failure.badInput(place, problem)
    }
}
