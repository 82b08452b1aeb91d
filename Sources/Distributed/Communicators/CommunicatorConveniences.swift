import Failures

extension Communicator {
    /// This process's number among those of its machine, and their number.
    public var nodeRank: Int { neighbours.firstIndex(of: rank) ?? 0 }
    public var nodeSize: Int { neighbours.count }

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

    /// What rank 0 finds out, on every rank; a failure of it is thrown on every rank. Collective.
    public func leaderDecides(_ body: () throws -> String) throws -> String {
        var failure: Failure?, text = ""
        if rank == 0 {
            do { text = try body() } catch let caught as Failure { failure = caught }
        }
        let code = try broadcastValue(failure?.kind.exitCode ?? 0, from: 0)
        text = String(decoding: try broadcast(Array((failure?.description ?? text).utf8), from: 0), as: UTF8.self)
        guard code != 0 else { return text }
        throw failure ?? Failure(Failure.Kind.allCases.first { $0.exitCode == code } ?? .internalError, text)
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

    /// Every rank's elements, one rank's after the other's.
    public func allGatherElements<Element: BitwiseCopyable>(_ elements: [Element]) throws -> [Element] {
        let stride = MemoryLayout<Element>.stride
        return try allGather(elements.withUnsafeBytes { Array($0) }).flatMap { bytes in
            guard bytes.count % stride == 0 else {
                throw Failure(.internalError, "allGatherElements: \(bytes.count) bytes of \(Element.self)")
            }
            return bytes.withUnsafeBytes { bytes in
                (0..<bytes.count / stride).map { bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Element.self) }
            }
        }
    }

    /// What `combine` makes of all ranks' values at each place, in rank order. Every rank gives as many.
    public func combineValues(_ values: [Double], _ combine: (Double, Double) -> Double) throws -> [Double] {
        let everyones = try allGatherElements(values)
        guard everyones.count == values.count * size else {
            throw Failure(.internalError, "combineValues: \(everyones.count) values of \(size) ranks")
        }
        return values.indices.map { place in
            stride(from: place + values.count, to: everyones.count, by: values.count)
                .reduce(everyones[place]) { combine($0, everyones[$1]) }
        }
    }

    /// This rank's part of `count` things that all ranks divide among them, in rank order.
    public func share(of count: Int) -> Range<Int> { (count * rank / size)..<(count * (rank + 1) / size) }

    /// Whether the flag is set on at least one rank.
    public func anyRank(_ flag: Bool) throws -> Bool {
        try allGather([flag ? 1 : 0]).contains([1])
    }
}
