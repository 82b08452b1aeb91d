/// A message as it is written.
struct ProtocolBufferWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func integer(_ number: Int, _ value: UInt64) {
        varint(UInt64(number) << 3)
        varint(value)
    }

    mutating func bytes(_ number: Int, _ contents: some Collection<UInt8>) {
        varint(UInt64(number) << 3 | 2)
        varint(UInt64(contents.count))
        bytes += contents
    }

    mutating func float(_ number: Int, _ value: Float) {
        varint(UInt64(number) << 3 | 5)
        fixed(value.bitPattern)
    }

    /// Little-endian.
    mutating func fixed(_ bits: some FixedWidthInteger) {
        withUnsafeBytes(of: bits.littleEndian) { bytes += $0 }
    }

    /// As it was read.
    mutating func copy(_ field: ProtocolBuffer.Field) {
        switch field.value {
        case .bytes(let contents): bytes(field.number, contents)
        case .number(let bits):
            varint(UInt64(field.number) << 3 | UInt64(field.wireType))
            switch field.wireType {
            case 0: varint(bits)
            case 5: fixed(UInt32(truncatingIfNeeded: bits))
            default: fixed(bits)
            }
        }
    }
}

extension ProtocolBuffer {
    /// A model's bytes without the numbers of the constants of some names, and without what only people read.
    func without(_ names: Set<String>) throws -> [UInt8] {
        var model = self, out = ProtocolBufferWriter()
        while let field = try model.next() {
            if field.number == 7 {
                out.bytes(7, try field.message(place).graphWithout(names))
            } else if ![6, 14].contains(field.number) {
                out.copy(field)
            }
        }
        return out.bytes
    }

    private func graphWithout(_ names: Set<String>) throws -> [UInt8] {
        var graph = self, out = ProtocolBufferWriter()
        while let field = try graph.next() {
            switch field.number {
            case 1: out.bytes(1, try field.message(place).nodeWithoutRemarks())
            case 5: out.bytes(5, try field.message(place).tensorWithout(names))
            case 10, 13, 16: break
            default: out.copy(field)
            }
        }
        return out.bytes
    }

    private func nodeWithoutRemarks() throws -> [UInt8] {
        var node = self, out = ProtocolBufferWriter()
        while let field = try node.next() {
            if ![6, 9].contains(field.number) { out.copy(field) }
        }
        return out.bytes
    }

    /// A tensor that says that its numbers are elsewhere, and not where.
    private func tensorWithout(_ names: Set<String>) throws -> [UInt8] {
        var tensor = self, whole = ProtocolBufferWriter(), bare = ProtocolBufferWriter(), name = ""
        while let field = try tensor.next() {
            if field.number == 8 { name = try field.text(place) }
            whole.copy(field)
            if [1, 2, 8].contains(field.number) { bare.copy(field) }
        }
        guard names.contains(name) else { return whole.bytes }
        bare.integer(14, 1)
        return bare.bytes
    }
}
