import Configuration
import Testing

private func reread<C: Configurable>(_ text: String) throws -> C {
    try Configuration.read(C.self, text: text, source: "written")
}

@Suite struct WritingTests {
    @Test func fieldsAreWrittenInTheOrderOfTheirDeclarations() throws {
        #expect(
            try Configuration.text(of: try reread(sampleText) as Sample) == """
                task: denoiser
                seed: 18446744073709551615
                name: "a \\"name\\""
                limit: 1000
                model:
                  kind: vit
                  depth: 12
                  activation: softplus
                alignment:
                  weight: 0.0001
                  classesPerImage: 3
                  norms: [linf, l2]
                train:
                  epochs: 7
                  batch: 96
                  shard: 32
                  milestones: [0.1, 0.25, 1.0]
                  nesterov: true
                  tags: [a, "1", "null"]
                  average: null
                  schedule:
                    kind: step
                    factor: 0.30000000000000004

                """)
    }

    @Test(arguments: ["{}", sampleText, "train: {average: {decay: 1e-300}, tags: []}"])
    func whatIsWrittenReadsBackTheSame(text: String) throws {
        let sample: Sample = try reread(text)
        #expect(try reread(try Configuration.text(of: sample)) == sample)
        #expect(try reread(try Configuration.json(of: sample)) == sample)
    }

    @Test func jsonIsOneLine() throws {
        var average = Train.Average()
        average.decay = 1e-5
        #expect(try Configuration.json(of: average) == #"{"decay":1.0e-05}"#)
        #expect(
            try Configuration.json(of: Alignment())
                == #"{"weight":1.0,"classesPerImage":"all","norms":["l2"]}"#)
    }

    @Test func anEmptyConfigurationReadsBack() throws {
        #expect(try Configuration.text(of: Train.Constant()) == "{}\n")
        #expect(try reread("{}\n") == Train.Constant())
    }

    @Test func numbersReadBackToTheLastBit() throws {
        var numbers = Numbers()
        numbers.values = [
            0.1, 1 / 3, 1e16, 1e-5, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .leastNormalMagnitude, -0.0,
            123456789.0, 2e-7, 8 / 255,
        ]
        let text = try Configuration.text(of: numbers)
        let bits: [UInt64] = (try reread(text) as Numbers).values.map(\.bitPattern)
        #expect(bits == numbers.values.map(\.bitPattern))
        // Readers of YAML 1.1 take a number with an exponent and no point for a string.
        #expect(text.contains("1.0e+16, 1.0e-05, 5.0e-324"))
    }

    struct Numbers: Configurable {
        var values: [Double] = []
        mutating func visit(_ fields: inout FieldVisitor) throws { try fields.value("values", &values) }
    }

    struct Strings: Configurable, Equatable {
        var one = ""
        var many: [String] = []
        mutating func visit(_ fields: inout FieldVisitor) throws {
            try fields.value("one", &one)
            try fields.value("many", &many)
        }
    }

    @Test(arguments: [
        "", " ", "a", "null", "~", "True", "no", "1", "1e5", ".inf", "-", "- a", "a: b", "a:", ":a", "a #b", "#b",
        "a,b", "[a]", "{", "\"", "'", "\\", "a\nb\r\n\tc", "cifar10:/data/x", "&x", "*x", "!x", "%x", "@x", "`x",
        "|", ">", "?", "é ü 漢字 🙂", "\u{7F}\u{85}\u{2028}\u{FEFF}\u{FFFE}\u{1}", "=", "<<", "2001-01-01", "---",
        "...", "a/b.c-d_e", "e\u{301}", "\r\n", "---\n", "🙂\u{10FFFF}",
    ])
    func stringsReadBackTheSame(text: String) throws {
        var strings = Strings()
        strings.one = text
        strings.many = [text, "x", text]
        let yaml: Strings = try reread(try Configuration.text(of: strings))
        let json: Strings = try reread(try Configuration.json(of: strings))
        // Unicode scalars: strings that differ in normalisation are equal but not the same path.
        #expect(Array(yaml.one.unicodeScalars) == Array(text.unicodeScalars))
        #expect(Array(json.one.unicodeScalars) == Array(text.unicodeScalars))
        #expect(yaml == strings && json == strings)
    }

    @Test func simpleStringsAreWrittenWithoutQuotes() throws {
        var strings = Strings()
        strings.one = "cifar10:/data/cifar-10"
        strings.many = ["fgsm", "a:b"]
        #expect(try Configuration.text(of: strings) == "one: cifar10:/data/cifar-10\nmany: [fgsm, \"a:b\"]\n")
    }
}
