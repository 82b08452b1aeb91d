import Failures
import Formats

/// A network in an ONNX file, read strictly and without memory for what the file only claims. Own code rather than a
/// library's: the part of the format that networks use is small, and every number of a hostile file is checked where it
/// is read.
public struct ONNXFile {
    public let path: String
    /// The program that wrote it, and its version.
    public let producer: String
    /// The version of ONNX's own operators.
    public let operatorSet: Int
    public let graph: ONNXGraph
    private let contents: Contents

    private enum Contents {
        case file(MappedFile)
        case bytes([UInt8])
    }

    /// The versions of ONNX's operators that are known here.
    public static let operatorSets = 7...24

    /// Throws `badInput` for what is no ONNX network, damaged, or has control flow, functions or foreign versions.
    public init(path: String) throws {
        let file = try MappedFile(path: path)
        self.path = path
        contents = .file(file)
        (producer, operatorSet, graph) = try withExtendedLifetime(file) {
            if let other = FileFormat.refusal(path, file.bytes, expected: [.onnx], words: "an ONNX network") {
                throw other
            }
            return try Self.read(ProtocolBuffer(file.bytes, place: path))
        }
    }

    /// The same of bytes that have been read already, from what messages call `name`.
    public init(bytes: [UInt8], name: String) throws {
        path = name
        contents = .bytes(bytes)
        (producer, operatorSet, graph) = try bytes.withUnsafeBytes { try Self.read(ProtocolBuffer($0, place: name)) }
    }

    /// The file, but for the numbers of the constants of these names.
    public func bytes(without names: Set<String>) throws -> [UInt8] {
        try withMessage { try $0.without(names) }
    }

    func withMessage<Result>(_ body: (ProtocolBuffer) throws -> Result) throws -> Result {
        switch contents {
        case .bytes(let bytes): return try bytes.withUnsafeBytes { try body(ProtocolBuffer($0, place: path)) }
        case .file(let file):
            return try withExtendedLifetime(file) { try body(ProtocolBuffer(file.bytes, place: path)) }
        }
    }

    private static func read(_ message: ProtocolBuffer) throws -> (String, Int, ONNXGraph) {
        var message = message, producer: [String] = [], operatorSet: Int64?, graph: ProtocolBuffer?
        let place = message.place
        while let field = try message.next() {
            switch field.number {
            case 2, 3: producer.append(try field.text(place))
            case 7: graph = try field.message(place)
            case 8:
                var set = try field.message(place), domain = "", version: Int64 = 0
                while let part = try set.next() {
                    if part.number == 1 { domain = try part.text(place) }
                    if part.number == 2 { version = try part.integer(place) }
                }
                if domain.isEmpty || domain == "ai.onnx" { operatorSet = version }
            case 25: throw Failure.badInput(place, "defines functions of its own", expected: "plain operators")
            default: break
            }
        }
        guard let graph else { throw message.damaged("there is no graph") }
        guard let operatorSet, operatorSets.contains(Int(clamping: operatorSet)) else {
            throw Failure.badInput(
                place, operatorSet.map { "version \($0) of ONNX's operators" } ?? "no version of ONNX's operators",
                expected: "\(operatorSets.lowerBound) to \(operatorSets.upperBound)")
        }
        return (producer.joined(separator: " "), Int(operatorSet), try ONNXGraph(graph))
    }
}
