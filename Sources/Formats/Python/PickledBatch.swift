import Failures

/// A pickle of a dictionary of NumPy arrays of bytes and of lists of integers and texts, such as a batch of the Python
/// version of CIFAR: read without running anything.
///
/// Of pickle's instructions those are known that make such values; of functions, those that NumPy's arrays are made by.
/// Everything else is refused with `Failure.badInput`.
public struct PickledBatch: Sendable {
    /// An array of bytes that stays in the file.
    public struct Array: Sendable {
        public let shape: [Int]
        /// The place of its bytes in the file, in C order.
        public let range: Range<Int>
    }

    /// The dictionary's arrays, and its lists of integers, by their keys; texts and bytes are the same as keys.
    public let arrays: [String: Array]
    public let integers: [String: [Int]]

    /// Whether the bytes begin as pickles of protocol 2 and later do.
    public static func isPickle(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x80 && (2...5).contains(bytes[1])
    }

    /// Throws `badInput` for what is damaged or makes something else.
    public init(_ bytes: UnsafeRawBufferPointer, source: String) throws {
        var machine = PickleMachine(bytes, source: source)
        guard case .dictionary(let dictionary) = try machine.run().content else {
            throw Failure.badInput(source, "a pickle of something else", expected: "a dictionary of arrays and lists")
        }
        var arrays: [String: Array] = [:], integers: [String: [Int]] = [:]
        for (key, value) in dictionary.entries {
            guard case .text(let range) = key.content else { continue }
            let name = String(decoding: bytes[range], as: UTF8.self)
            switch value.content {
            case .array(let array): arrays[name] = array
            case .list(let list):
                let numbers = list.values.compactMap {
                    if case .integer(let number) = $0.content { number } else { nil }
                }
                if numbers.count == list.values.count { integers[name] = numbers }
            default: continue
            }
        }
        self.arrays = arrays
        self.integers = integers
    }
}

/// A value that a pickle makes, and how many tuples deep it is: hostile ones nest without end.
private struct PickleValue {
    /// References, as in Python: what a pickle remembers of a list is the list, not a copy to be kept.
    final class List {
        var values: [PickleValue] = []
    }
    final class Dictionary {
        var entries: [(PickleValue, PickleValue)] = []
    }
    enum Content {
        case none
        case integer(Int)
        /// A text, or bytes: a place in the file.
        case text(Range<Int>)
        case tuple([PickleValue])
        /// Holds no containers, so that there are no circles.
        case list(List)
        case dictionary(Dictionary)
        case function(String)
        case emptyArray, byteType
        case array(PickledBatch.Array)
    }

    let content: Content
    let depth: Int

    init(_ content: Content, depth: Int = 0) {
        self.content = content
        self.depth = depth
    }

    var isContainer: Bool {
        switch content {
        case .tuple, .list, .dictionary: true
        default: false
        }
    }
}

private struct PickleMachine {
    private let reader: LittleEndianReader
    private let bytes: UnsafeRawBufferPointer
    private let source: String
    private var place = 0
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private var made = 0

    /// An image's label, name and memo entries are a few; the largest official file has 50,000 images.
    private static let mostValues = 4_000_000
    private static let deepest = 4

    init(_ bytes: UnsafeRawBufferPointer, source: String) {
        self.bytes = bytes
        self.source = source
        reader = LittleEndianReader(bytes, source: source)
    }

    mutating func run() throws -> PickleValue {
        while true {
            let at = place, code = try byte()
            switch code {
            case 0x80: guard try byte() <= 5 else { throw problem("of an unknown protocol", at) }
            case 0x95: _ = try take(8)
            case UInt8(ascii: "."):
                guard stack.count == 1, marks.isEmpty else { throw problem("damaged", at) }
                return stack[0]
            case UInt8(ascii: "("): marks.append(stack.count)
            case UInt8(ascii: "N"): try push(.none)
            case 0x88: try push(.integer(1))
            case 0x89: try push(.integer(0))
            case UInt8(ascii: "K"): try push(.integer(Int(byte())))
            case UInt8(ascii: "M"): try push(.integer(Int(reader.uint16(take(2).lowerBound))))
            case UInt8(ascii: "J"):
                try push(.integer(Int(Int32(bitPattern: reader.uint32(take(4).lowerBound)))))
            case UInt8(ascii: "U"), UInt8(ascii: "C"), 0x8c: try push(.text(take(Int(byte()))))
            case UInt8(ascii: "T"), UInt8(ascii: "X"), UInt8(ascii: "B"):
                try push(.text(take(Int(reader.uint32(take(4).lowerBound)))))
            case 0x8e, 0x8d, 0x96: try push(.text(take(reader.integer(take(8).lowerBound))))
            case UInt8(ascii: "q"): try remember(Int(byte()))
            case UInt8(ascii: "r"): try remember(Int(reader.uint32(take(4).lowerBound)))
            case 0x94: try remember(memo.count)
            case UInt8(ascii: "h"): try recall(Int(byte()), at)
            case UInt8(ascii: "j"): try recall(Int(reader.uint32(take(4).lowerBound)), at)
            case UInt8(ascii: "]"): try push(.list(PickleValue.List()))
            case UInt8(ascii: ")"): try push(.tuple([]))
            case UInt8(ascii: "}"): try push(.dictionary(PickleValue.Dictionary()))
            case UInt8(ascii: "t"): try push(tuple: popToMark(at), at)
            case 0x85...0x87: try push(tuple: pop(Int(code) - 0x84, at), at)
            case UInt8(ascii: "a"): try append(pop(1, at), at)
            case UInt8(ascii: "e"): try append(popToMark(at), at)
            case UInt8(ascii: "s"): try setItems(pop(2, at), at)
            case UInt8(ascii: "u"): try setItems(popToMark(at), at)
            case UInt8(ascii: "c"): try push(function: line() + "." + line(), at)
            case 0x93:
                let names = try pop(2, at).map { try text($0, at) }
                try push(function: names.joined(separator: "."), at)
            case UInt8(ascii: "R"): try call(at)
            case UInt8(ascii: "b"): try build(at)
            default: throw problem("with the instruction \(code), which is not of dictionaries of arrays", at)
            }
        }
    }

    // MARK: Bytes

    private func problem(_ text: String, _ at: Int) -> Failure {
        .badInput(
            source, "a pickle \(text) (byte \(at))", expected: "a dictionary of arrays of bytes and lists of integers")
    }

    private mutating func take(_ length: Int) throws -> Range<Int> {
        _ = try reader.bytes(place, length)
        place += length
        return place - length..<place
    }

    private mutating func byte() throws -> UInt8 { bytes[try take(1).lowerBound] }

    private mutating func line() throws -> String {
        let rest = bytes[place...].prefix(200)
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw problem("damaged", place) }
        let text = String(decoding: rest[..<end], as: UTF8.self)
        place = end + 1
        return text
    }

    // MARK: The stack

    private mutating func count() throws {
        made += 1
        guard made <= Self.mostValues else { throw problem("of more than \(Self.mostValues) values", place) }
    }

    private mutating func push(_ content: PickleValue.Content, depth: Int = 0) throws {
        try count()
        stack.append(PickleValue(content, depth: depth))
    }

    private mutating func push(tuple values: [PickleValue], _ at: Int) throws {
        let holdsDictionary = values.contains { if case .dictionary = $0.content { true } else { false } }
        let depth = 1 + (values.map(\.depth).max() ?? 0)
        guard depth <= Self.deepest, !holdsDictionary else { throw problem("of containers in containers", at) }
        try push(.tuple(values), depth: depth)
    }

    private mutating func pop(_ count: Int, _ at: Int) throws -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else { throw problem("damaged", at) }
        defer { stack.removeLast(count) }
        return [PickleValue](stack.suffix(count))
    }

    private mutating func popToMark(_ at: Int) throws -> [PickleValue] {
        guard let mark = marks.popLast() else { throw problem("damaged", at) }
        defer { stack.removeLast(stack.count - mark) }
        return [PickleValue](stack[mark...])
    }

    private mutating func remember(_ key: Int) throws {
        try count()
        guard let value = stack.last else { throw problem("damaged", place) }
        memo[key] = value
    }

    private mutating func recall(_ key: Int, _ at: Int) throws {
        guard let value = memo[key] else { throw problem("damaged", at) }
        try push(value.content, depth: value.depth)
    }

    private mutating func append(_ values: [PickleValue], _ at: Int) throws {
        guard case .list(let list)? = stack.last?.content, stack.count > marks.last ?? 0 else {
            throw problem("damaged", at)
        }
        guard !values.contains(where: \.isContainer) else { throw problem("of lists of containers", at) }
        list.values += values
    }

    private mutating func setItems(_ values: [PickleValue], _ at: Int) throws {
        guard case .dictionary(let dictionary)? = stack.last?.content, stack.count > marks.last ?? 0,
            values.count % 2 == 0
        else { throw problem("damaged", at) }
        for i in stride(from: 0, to: values.count, by: 2) {
            if case .dictionary = values[i + 1].content { throw problem("of dictionaries in dictionaries", at) }
            guard !values[i].isContainer else { throw problem("damaged", at) }
            dictionary.entries.append((values[i], values[i + 1]))
        }
    }

    private func text(_ value: PickleValue, _ at: Int) throws -> String {
        guard case .text(let range) = value.content, range.count <= 200 else { throw problem("damaged", at) }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    // MARK: NumPy's arrays

    private mutating func push(function name: String, _ at: Int) throws {
        let known = [
            "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype",
            "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer",
        ]
        guard known.contains(name) else {
            throw Failure.badInput(
                source, "a pickle that calls \(name.quoted), which is not run",
                expected: "NumPy arrays of bytes and lists")
        }
        try push(.function(name))
    }

    private mutating func call(_ at: Int) throws {
        let parts = try pop(2, at)
        guard case .function(let name) = parts[0].content, case .tuple(let arguments) = parts[1].content else {
            throw problem("damaged", at)
        }
        if name == "numpy.dtype" {
            guard let first = arguments.first, try text(first, at) == "u1" else {
                throw problem("of numbers that are not bytes", at)
            }
            return try push(.byteType)
        }
        if name.hasSuffix("_frombuffer") { return try push(buffer: arguments, at) }
        guard name.hasSuffix("_reconstruct") else { throw problem("damaged", at) }
        try push(.emptyArray)
    }

    /// As protocol 5 has arrays: contents, type, shape, and the order in memory.
    private mutating func push(buffer arguments: [PickleValue], _ at: Int) throws {
        guard arguments.count == 4, case .text(let range) = arguments[0].content, case .byteType = arguments[1].content,
            case .tuple(let extents) = arguments[2].content, try text(arguments[3], at) == "C"
        else { throw problem("of an array that is not of bytes in C order", at) }
        try push(array: extents, range, at)
    }

    private mutating func push(array extents: [PickleValue], _ range: Range<Int>, _ at: Int) throws {
        let shape = extents.compactMap { if case .integer(let extent) = $0.content { extent } else { nil } }
        guard shape.count == extents.count, ElementType.uint8.byteCount(shape: shape) == range.count else {
            throw problem("of an array whose shape does not fit its bytes", at)
        }
        try push(.array(PickledBatch.Array(shape: shape, range: range)))
    }

    /// Gives what was made its state: a type's does not matter for bytes, an array's is (version, shape, type, whether
    /// in Fortran's order, contents).
    private mutating func build(_ at: Int) throws {
        let parts = try pop(2, at)
        guard case .tuple(let state) = parts[1].content else { throw problem("damaged", at) }
        switch parts[0].content {
        case .byteType: try push(.byteType)
        case .emptyArray:
            guard state.count == 5, case .tuple(let extents) = state[1].content, case .byteType = state[2].content,
                case .integer(0) = state[3].content, case .text(let range) = state[4].content
            else { throw problem("of an array that is not of bytes in C order", at) }
            try push(array: extents, range, at)
        default: throw problem("damaged", at)
        }
    }
}
