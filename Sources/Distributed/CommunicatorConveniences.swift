import Failures

extension Communicator {
    /// The root's bytes, of any length, on every rank. Others' arguments are ignored.
    public func broadcast(_ bytes: [UInt8], from root: Int) throws -> [UInt8] {
        let count = try broadcastValue(bytes.count, from: root)
        var copy = rank == root ? bytes : [UInt8](repeating: 0, count: count)
        try copy.withUnsafeMutableBytes { try broadcast($0, from: root) }
        return copy
    }

    /// The root's value on every rank.
    public func broadcastValue<Value: BitwiseCopyable>(_ value: Value, from root: Int) throws -> Value {
        var value = value
        try withUnsafeMutableBytes(of: &value) { try broadcast($0, from: root) }
        return value
    }

    /// Every rank's value, in rank order.
    public func allGatherValue<Value: BitwiseCopyable>(_ value: Value) throws -> [Value] {
        let mine = withUnsafeBytes(of: value) { Array($0) }
        return try allGather(mine).map { bytes in
            guard bytes.count == MemoryLayout<Value>.size else {
                throw Failure(.internalError, "allGatherValue: \(bytes.count) bytes for a \(Value.self)")
            }
            return bytes.withUnsafeBytes { $0.loadUnaligned(as: Value.self) }
        }
    }

    /// Whether the flag is set on at least one rank.
    public func anyRank(_ flag: Bool) throws -> Bool {
        try allGather([flag ? 1 : 0]).contains([1])
    }
}
