import Failures
import Formats
import Glibc
import TestSupport
import Testing

/// A file of the given header and data; `length` overrides the header's length field.
func safetensors(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    littleEndian(length ?? UInt64(header.utf8.count)) + Array(header.utf8) + (0..<data).map { UInt8($0 & 0xff) }
}

/// One tensor's entry in a header.
func entry(_ name: String, _ type: String, _ shape: String, _ begin: String, _ end: String) -> String {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}"#
}

@Suite struct SafetensorsTests {
    private static func refusal(of bytes: [UInt8]) throws -> String? {
        let directory = TemporaryDirectory()
        let path = directory.file("f")
        try writePlainly(bytes, to: path)
        let thrown = failure { _ = try SafetensorsFile(path: path) }
        #expect(thrown == nil || thrown?.kind == .badInput)
        #expect(thrown?.description.hasPrefix(path) ?? true)
        return thrown.map { String($0.description.dropFirst(path.count)) }
    }

    @Test(arguments: [
        safetensors("{}"), safetensors("{}      "), safetensors(#"{"__metadata__":{}}"#),
        safetensors(#"{"__metadata__":{"a":"b"}}"#), safetensors("{\(entry("a", "F32", "[]", "0", "4"))}", data: 4),
        safetensors("{\(entry("a", "F32", "[2,0]", "0", "0"))}"),
        safetensors("{\(entry("a", "F4", "[2]", "0", "1"))}", data: 1),
        // Two empty tensors of one place, and entries out of the order of their data.
        safetensors(
            "{\(entry("b", "U8", "[2]", "1", "3")),\(entry("c", "F32", "[0]", "1", "1")),"
                + "\(entry("a", "U8", "[1]", "0", "1")),\(entry("d", "F32", "[0]", "1", "1"))}", data: 3),
        safetensors("{\(entry("a", "U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "0", "1"))}", data: 1),
    ])
    func good(bytes: [UInt8]) throws {
        #expect(try Self.refusal(of: bytes) == nil)
    }

    @Test(
        arguments: [
            // The file and its length field.
            ([], ": is empty, expected safetensors; was it copied or downloaded whole?"),
            ([1, 0, 0, 0, 0, 0, 0], ": 7 bytes are too few for a safetensors file"),
            (safetensors("{}", length: 3), ": header of 3 bytes in a file of 10: truncated?"),
            (
                safetensors("{}", length: 100_000_001),
                ": header of 100000001 bytes, expected at most 100000000 in a safetensors file"
            ),
            (
                safetensors("{}", length: .max),
                ": header of 18446744073709551615 bytes, expected at most 100000000 in a safetensors file"
            ),
            (safetensors("{}", length: 0), ": header is not a JSON object followed by spaces"),
            (safetensors("{}", length: 1), ": header is not a JSON object followed by spaces"),
            // The header as text.
            (safetensors(" {}"), ": header is not a JSON object followed by spaces"),
            (safetensors("{}\n"), ": header is not a JSON object followed by spaces"),
            (safetensors("{}\0\0\0\0\0\0"), ": header is not a JSON object followed by spaces"),
            (safetensors("[]"), ": header is not a JSON object followed by spaces"),
            (safetensors("        "), ": header is not a JSON object followed by spaces"),
            (safetensors("{not json}"), ": header at byte 1: unexpected 'n', expected a key"),
            (safetensors("{}{}"), ": header at byte 2: unexpected '{', expected the end"),
            (
                littleEndian(UInt64(9)) + [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x7b, 0x7d, 0x20, 0x7d],
                ": header at byte 1: string that is not UTF-8"
            ),
            (
                safetensors("{\(entry("a", "U8", "[1]", "0", "1")),\(entry("a", "U8", "[1]", "0", "1"))}", data: 1),
                ": header at byte 53: duplicate key \"a\""
            ),
            (
                safetensors(#"{"a":{"dtype":"F32","dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: 1),
                ": header at byte 20: duplicate key \"dtype\""
            ),
            (
                safetensors(#"{"__metadata__":{"a":"b","a":"c"}}"#), ": header at byte 25: duplicate key \"a\""
            ),
            (
                safetensors(#"{"a":"# + String(repeating: "[", count: 100_000) + "}"),
                ": header at byte 7: more than 3 levels of nesting"
            ),
            // The fields of entries and metadata.
            (safetensors(#"{"__metadata__":[]}"#), ": __metadata__ is not an object"),
            (safetensors(#"{"__metadata__":{"a":1}}"#), ": metadata \"a\" is not a string"),
            (safetensors(#"{"a":1}"#), ": tensor \"a\": is not an object"),
            (safetensors(#"{"a":{"shape":[],"data_offsets":[0,0]}}"#), ": tensor \"a\": no dtype"),
            (safetensors(#"{"a":{"dtype":"U8","data_offsets":[0,0]}}"#), ": tensor \"a\": shape is not an array"),
            (safetensors(#"{"a":{"dtype":"U8","shape":[0]}}"#), ": tensor \"a\": data_offsets is not an array"),
            (
                safetensors(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}"#),
                ": tensor \"a\": unknown field \"x\", expected dtype, shape, data_offsets"
            ),
            (
                safetensors("{\(entry("a", "U8", "[1.0]", "0", "1"))}", data: 1),
                ": tensor \"a\": shape holds something else than natural numbers"
            ),
            (
                safetensors("{\(entry("a", "U8", "[-1]", "0", "1"))}", data: 1),
                ": tensor \"a\": shape holds something else than natural numbers"
            ),
            (
                safetensors("{\(entry("a", "U8", "[1]", "-1", "0"))}", data: 1),
                ": tensor \"a\": data_offsets holds something else than natural numbers"
            ),
            (
                safetensors("{\(entry("a", "U8", "[1]", "0", "1,1"))}", data: 1),
                ": tensor \"a\": data_offsets are not a begin and an end"
            ),
            (
                safetensors("{\(entry("a", "U8", "[1]", "1", "0"))}", data: 1),
                ": tensor \"a\": data_offsets are not a begin and an end"
            ),
            (
                safetensors("{\(entry("a", "U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "0", "1"))}", data: 1),
                ": tensor \"a\": 17 dimensions, expected at most 16"
            ),
            // Sizes.
            (
                safetensors("{\(entry("a", "F32", "[2,2]", "0", "12"))}", data: 12),
                ": tensor \"a\": 12 bytes, expected 16 for F32 of shape [2, 2]"
            ),
            // The product wraps around to 4.
            (
                safetensors("{\(entry("a", "U8", "[4194305,4194305,211106198978564]", "0", "4"))}", data: 4),
                ": tensor \"a\": U8 of shape [4194305, 4194305, 211106198978564] has no size in bytes"
            ),
            (
                safetensors("{\(entry("a", "F32", "[4611686018427387904]", "0", "0"))}"),
                ": tensor \"a\": F32 of shape [4611686018427387904] has no size in bytes"
            ),
            (
                safetensors("{\(entry("a", "F4", "[3]", "0", "2"))}", data: 2),
                ": tensor \"a\": F4 of shape [3] has no size in bytes"
            ),
            (
                safetensors("{\(entry("a", "U8", "[4]", "0", "4"))}", data: 3),
                ": 3 bytes of tensor data, expected 4"
            ),
            (
                safetensors("{\(entry("a", "U8", "[4]", "0", "4"))}", data: 5),
                ": 5 bytes of tensor data, expected 4"
            ),
            (safetensors("{}", data: 1), ": 1 bytes of tensor data, expected 0"),
            (
                safetensors("{\(entry("a", "U8", "[2]", "0", "2")),\(entry("b", "U8", "[2]", "3", "5"))}", data: 5),
                ": tensor \"b\": hole: begins at byte 3 of the data, expected 2"
            ),
            (
                safetensors("{\(entry("a", "U8", "[2]", "1", "3"))}", data: 3),
                ": tensor \"a\": hole: begins at byte 1 of the data, expected 0"
            ),
            (
                safetensors("{\(entry("a", "U8", "[2]", "0", "2")),\(entry("b", "U8", "[2]", "1", "3"))}", data: 3),
                ": tensor \"b\": overlap: begins at byte 1 of the data, expected 2"
            ),
            (
                safetensors("{\(entry("a", "U8", "[0]", "9223372036854775807", "9223372036854775807"))}"),
                ": tensor \"a\": hole: begins at byte 9223372036854775807 of the data, expected 0"
            ),
            (
                safetensors("{\(entry("a\\u001b[2J", "U8", "[1]", "0", "2"))}", data: 2),
                ": tensor \"a\\u001b[2J\": 2 bytes, expected 1 for U8 of shape [1]"
            ),
        ] as [([UInt8], String)])
    func bad(bytes: [UInt8], message: String) throws {
        #expect(try Self.refusal(of: bytes) == message)
    }

    @Test func unknownTypeAndLongName() throws {
        let unknown = try Self.refusal(of: safetensors("{\(entry("a", "F31", "[1]", "0", "4"))}", data: 4))
        #expect(unknown?.hasPrefix(": tensor \"a\": unknown dtype \"F31\", expected BOOL, F4") == true)
        let name = String(repeating: "n", count: 5_000)
        let long = try Self.refusal(of: safetensors("{\(entry(name, "U8", "[1]", "0", "1"))}", data: 1))
        #expect(long?.hasSuffix("n\"...: name of 5000 bytes, expected at most 4096") == true)
    }

    /// Many tensors on one range, and too many entries.
    @Test func manyEntries() throws {
        let onOneRange = (0..<1000).map { entry("\($0)", "U8", "[4]", "0", "4") }.joined(separator: ",")
        #expect(try Self.refusal(of: safetensors("{\(onOneRange)}", data: 4))?.contains("overlap") == true)
        let tooMany = (0...100_001).map { entry("\($0)", "U8", "[0]", "0", "0") }.joined(separator: ",")
        #expect(try Self.refusal(of: safetensors("{\(tooMany)}"))?.contains("more than 100001 members") == true)
    }

    @Test func contents() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("f")
        // The header's 5 spaces put the data at an odd address.
        let header =
            "{\(entry("b", "I64", "[2]", "6", "22")),\(entry("h", "F16", "[3]", "0", "6")),"
            + "\(entry("bf", "BF16", "[2]", "22", "26")),\(entry("u", "U8", "[2]", "26", "28")),"
            + "\(entry("d", "F64", "[1]", "28", "36")),\(entry("f", "F32", "[1,2]", "36", "44")),"
            + #""__metadata__":{"k":"v"}}"#
        let padded = header + String(repeating: " ", count: 1 + (8 - header.utf8.count % 8) % 8)
        let half: [UInt16] = [0x3c00, 0xc000, 0x0001], brain: [UInt16] = [0x3f80, 0xc040]
        let data: [UInt8] =
            half.flatMap { littleEndian($0) } + littleEndian(Int64.min) + littleEndian(Int64(7))
            + brain.flatMap { littleEndian($0) } + [255, 1]
            + littleEndian((0.1).bitPattern) + littleEndian(Float(1.5).bitPattern) + littleEndian(Float.nan.bitPattern)
        try writePlainly(littleEndian(UInt64(padded.utf8.count)) + Array(padded.utf8) + data, to: path)

        let file = try SafetensorsFile(path: path)
        #expect(file.entries.map(\.name) == ["h", "b", "bf", "u", "d", "f"])
        #expect(file.metadata == ["k": "v"])
        #expect(file.entry("f")?.shape == [1, 2] && file.entry("f")?.count == 2 && file.entry("x") == nil)
        #expect(try file.values(of: "h") == [1, -2, 0x1p-24] as [Float])
        #expect(try file.values(of: "h") == [1, -2, 0x1p-24] as [Double])
        #expect(try file.values(of: "bf") == [1, -3] as [Float])
        #expect(try file.values(of: "bf") == [1, -3] as [Double])
        #expect(try file.values(of: "d") == [0.1] as [Double])
        #expect(try file.values(of: "d") == [0.1] as [Float])
        #expect(try file.values(of: "f", shape: [1, 2])[0] == 1.5 as Float)
        #expect((try file.values(of: "f") as [Double])[1].isNaN)
        #expect(try file.values(of: "b") == [.min, 7] as [Int64])
        #expect(try file.values(of: "u") == [255, 1] as [Int64])
        #expect(try file.withBytes(of: "u") { Array($0) } == [255, 1])

        let messages: [(String, () throws -> Void)] = [
            ("no tensor \"x\"", { _ = try file.values(of: "x") as [Float] }),
            (
                "tensor \"f\" has the shape [1, 2], expected [2]",
                { _ = try file.values(of: "f", shape: [2]) as [Float] }
            ),
        ]
        for (message, body) in messages {
            #expect(failure(of: body) == Failure(.badInput, "\(path): \(message)"))
        }
        #expect(
            failure { _ = try file.values(of: "f") as [Int64] }?.description
                == "\(path): tensor \"f\": has the dtype F32, expected an integer type up to I64")
        #expect(failure { _ = try file.values(of: "b") as [Float] }?.kind == .badInput)
        #expect(failure { _ = try file.values(of: "b") as [Double] }?.kind == .badInput)
    }
}
