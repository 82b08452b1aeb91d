import Failures
import Formats
import Randomness
import TestSupport
import Testing

@Suite struct JSONTests {
    @Test(
        arguments: [
            ("null", .null), ("true", true), (" false\n", false), ("0", 0), ("-1", -1), ("1.0", 1.0), ("1e2", 100.0),
            ("-0", .number(-0.0)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(0x1p63)), ("9007199254740993", .integer(9_007_199_254_740_993)),
            ("2.5E-3", 0.0025), (#""""#, ""),
            (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
            (#""\u00e9\ud83d\ude00é😀""#, "é😀é😀"), (#""\u0000""#, "\0"), ("[]", []), ("[1,[2],\"x\"]", [1, [2], "x"]),
            ("{}", [:]), (#"{"b":1,"a":{"":null}}"#, ["b": 1, "a": ["": .null]]),
        ] as [(String, JSONValue)])
    func good(text: String, value: JSONValue) throws {
        #expect(try JSONValue.parse(text, source: "t") == value)
        #expect(try JSONValue.parse(value.text(), source: "t") == value)
        #expect(try JSONValue.parse(value.text(pretty: true), source: "t") == value)
    }

    @Test(arguments: [
        ("", "t at byte 0: unexpected end, expected a value"),
        ("nul", "t at byte 3: unexpected end, expected null"),
        ("True", "t at byte 0: unexpected 'T', expected a value"),
        ("NaN", "t at byte 0: unexpected 'N', expected a value"),
        ("1 2", "t at byte 2: unexpected '2', expected the end"),
        ("{}}", "t at byte 2: unexpected '}', expected the end"),
        ("\u{feff}{}", "t at byte 0: unexpected byte 239, expected a value"),
        ("\0", "t at byte 0: unexpected byte 0, expected a value"),
        ("01", "t at byte 0: number with a leading zero"),
        ("-", "t at byte 1: unexpected end, expected a digit"),
        ("+1", "t at byte 0: unexpected '+', expected a value"),
        (".5", "t at byte 0: unexpected '.', expected a value"),
        ("1.", "t at byte 2: unexpected end, expected a digit"),
        ("1e", "t at byte 2: unexpected end, expected a digit"),
        ("1e+-2", "t at byte 3: unexpected '-', expected a digit"),
        ("0x10", "t at byte 1: unexpected 'x', expected the end"),
        ("1e999", "t at byte 0: number beyond the range of Double"),
        ("[1,]", "t at byte 3: unexpected ']', expected a value"),
        ("[1 2]", "t at byte 3: unexpected '2', expected ',' or ']'"),
        ("[", "t at byte 1: unexpected end, expected a value"),
        ("{\"a\":1,}", "t at byte 7: unexpected '}', expected a key"),
        ("{\"a\" 1}", "t at byte 5: unexpected '1', expected ':'"),
        ("{a:1}", "t at byte 1: unexpected 'a', expected a key"),
        ("{\"a\":1,\"b\":2,\"a\":3}", "t at byte 13: duplicate key \"a\""),
        (#"{"a":1,"\u0061":3}"#, "t at byte 7: duplicate key \"a\""),
        ("{\"\u{e9}\":1,\"e\u{301}\":3}", "t at byte 8: duplicate key \"e\u{301}\""),
        ("\"a", "t at byte 0: string without end"), ("\"a\\", "t at byte 2: string without end"),
        ("\"a\nb\"", "t at byte 2: control character in a string"), (#""\x""#, "t at byte 1: unknown escape"),
        (#""\u12g4""#, "t at byte 5: unexpected 'g', expected a hexadecimal digit"),
        (#""\ud800""#, "t at byte 1: lone surrogate"), (#""\udc00""#, "t at byte 1: lone surrogate"),
        (#""\ud800\u0041""#, "t at byte 1: lone surrogate"), (#""\ud800\n""#, "t at byte 1: lone surrogate"),
        ("'a'", "t at byte 0: unexpected ''', expected a value"),
        ("[1] // no", "t at byte 4: unexpected '/', expected the end"),
    ])
    func bad(text: String, message: String) {
        #expect(failure { _ = try JSONValue.parse(text, source: "t") } == Failure(.badInput, message))
    }

    @Test(arguments: [
        [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xe2, 0x82, 0x22],
    ])
    func notUTF8(bytes: [UInt8]) {
        let message = failure { _ = try bytes.withUnsafeBytes { try JSONValue.parse($0, source: "t") } }
        #expect(message == Failure(.badInput, "t at byte 0: string that is not UTF-8"))
    }

    @Test func limits() throws {
        let nest = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try JSONValue.parse(nest(64), source: "t")
        #expect(failure { _ = try JSONValue.parse(nest(65), source: "t") }?.description.contains("64 levels") == true)
        #expect(failure { _ = try JSONValue.parse(String(repeating: "[", count: 1 << 20), source: "t") } != nil)
        var limits = JSONLimits()
        limits.values = 4
        _ = try JSONValue.parse("[1,2,3]", source: "t", limits: limits)
        #expect(failure { _ = try JSONValue.parse("[1,2,3,4]", source: "t", limits: limits) } != nil)
        limits.members = 1
        #expect(failure { _ = try JSONValue.parse(#"{"a":1,"b":2}"#, source: "t", limits: limits) } != nil)
        limits.stringBytes = 3
        _ = try JSONValue.parse(#""ab""#, source: "t", limits: limits)
        #expect(failure { _ = try JSONValue.parse(#""abcd""#, source: "t", limits: limits) } != nil)
        let digits = String(repeating: "1", count: 2_000)
        #expect(failure { _ = try JSONValue.parse("0." + digits, source: "t") } != nil)
    }

    @Test func writing() {
        let value: JSONValue = [
            "name": "a\"b\\\n\u{1}é", "loss": 0.1, "whole": 2.0, "big": 1e300, "nan": JSONValue(Double.nan),
            "infinite": JSONValue(-Double.infinity), "float": JSONValue(Float(0.1)), "list": [1, 2], "none": [],
            "nested": [["a": true], [:]],
        ]
        #expect(
            value.text()
                == #"{"name":"a\"b\\\n\u0001é","loss":0.1,"whole":2.0,"big":1e+300,"nan":null,"infinite":null,"#
                + #""float":0.1,"list":[1,2],"none":[],"nested":[{"a":true},{}]}"#)
        #expect(
            (["a": [1, 2], "b": [["c": .null]], "d": [:]] as JSONValue).text(pretty: true) == """
                {
                  "a": [1,2],
                  "b": [
                    {
                      "c": null
                    }
                  ],
                  "d": {}
                }
                """)
    }

    @Test func doublesReadBackExactly() throws {
        var random = RandomStream(seed: 2, purpose: .test)
        for _ in 0..<2_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            let back = try JSONValue.parse(JSONValue(value).text(), source: "t").doubleValue
            #expect(back?.bitPattern == value.bitPattern)
        }
    }

    @Test func members() {
        var value: JSONValue = ["a": 1]
        value["b"] = "x"
        value["a"] = 2.5
        #expect(value == ["a": 2.5, "b": "x"])
        value["a"] = nil
        #expect(value.text() == #"{"b":"x"}"#)
        #expect(value["zz"] == nil && value["b"]?.stringValue == "x" && value["b"]?.intValue == nil)
        #expect(([1, true] as JSONValue)[1]?.boolValue == true && ([1] as JSONValue)[1] == nil)
        #expect((3 as JSONValue).doubleValue == 3 && (3.0 as JSONValue).intValue == nil)
    }

    @Test func damagedTextsAreReadOrRefused() {
        let good = Array(#"{"a":[1,-2.5e3,"\u00e9\n",true,null],"b":{"c":{},"d":[[]]}}"#.utf8)
        var random = RandomStream(seed: 3, purpose: .test)
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
            let failure = failure { _ = try bytes.withUnsafeBytes { try JSONValue.parse($0, source: "t") } }
            if let failure {
                refused += 1
                #expect(failure.kind == .badInput)
            }
        }
        #expect(refused > 10_000 && refused < 20_000)
    }
}
