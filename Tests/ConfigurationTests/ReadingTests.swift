import Configuration
import Failures
import Testing

private func read(_ text: String, _ overrides: String...) throws -> Sample {
    try Configuration.read(Sample.self, text: text, source: "a.yaml", overrides: overrides)
}

@Suite struct ReadingTests {
    @Test func everyTypeOfFieldIsRead() throws {
        let sample = try read(sampleText)
        #expect(sample.task == .denoiser)
        #expect(sample.seed == .max)
        #expect(sample.name == "a \"name\"")
        #expect(sample.limit == 1000)
        #expect((sample.model.model as? Transformer)?.depth == 12)
        #expect(
            sample.alignment
                == {
                    var expected = Alignment()
                    expected.weight = 1e-4
                    expected.classes = .some(3)
                    expected.norms = [.linf, .l2]
                    return expected
                }())
        #expect(sample.train.epochs == 7 && sample.train.batch == 96 && sample.train.shard == 32)
        #expect(sample.train.milestones == [0.1, 0.25, 1])
        #expect(sample.train.nesterov)
        #expect(sample.train.tags == ["a", "1", "null"])
        #expect(sample.train.average == nil)
        #expect(sample.model.activation == .softplus)
        guard case .step(let step) = sample.train.schedule.schedule else {
            Issue.record("\(sample.train.schedule)")
            return
        }
        #expect(step.factor == 0.1 + 0.2)
    }

    @Test(arguments: [
        "{}", "train: {}\nmodel: {}", "train: {schedule: {}}", "---\n{}\n...\n",
        #"{"train": {"epochs": 20}, "name": "sample"}"#, "name: sample # as it was", "\u{FEFF}seed: 1",
        "{\n\t\"train\": {\n\t\t\"epochs\": 20\n\t}\n}",
    ])
    func absentFieldsKeepTheirDefaults(text: String) throws {
        #expect(try read(text) == Sample())
    }

    /// A key without a value, or `--set key=$UNSET`, must not quietly mean the default.
    @Test(arguments: [
        ("seed:", "1: seed: empty, expected a value; without the key it is 1"),
        ("seed: Null", "1: seed: empty, expected a value; without the key it is 1"),
        ("name: ~", #"1: name: empty, expected a value; without the key it is "sample""#),
        (
            "train:\n  epochs: 3\n  milestones:",
            "3: train.milestones: empty, expected a list; without the key it is [0.5,0.75]"
        ),
        ("task:", #"1: task: empty, expected a value; without the key it is "classifier""#),
        ("model: {kind: }", #"1: model.kind: empty, expected a value; without the key it is "resnet""#),
        ("train:", "1: train: empty, expected a mapping of keys to values; without the key it has its defaults"),
        ("model: ~", "1: model: empty, expected a mapping of keys to values; without the key it has its defaults"),
    ])
    func nullIsRefusedWhereItMeansNothing(text: String, problem: String) throws {
        #expect(throws: Failure(.badInput, "a.yaml:\(problem)")) { try read(text) }
        #expect(throws: Failure(.usage, "--set seed=: seed: empty, expected a value; without the key it is 1")) {
            try read("{}", "seed=")
        }
    }

    @Test func nullIsNilWhereTheDefaultIsNot() throws {
        #expect(try read("train: {average: null}").train.average == nil)
        #expect(try read("train: {average: {}}").train.average == Train.Average())
        #expect(try read("train: {average: {decay: 0.5}}").train.average?.decay == 0.5)
    }

    @Test func kindWithoutItsFieldIsTheDefaultKind() throws {
        #expect((try read("model: {widths: [8]}").model.model as? Residual)?.widths == [8])
    }

    @Test(
        arguments: [
            ("1", 1), ("-1", -1), ("+3", 3), ("1.", 1), (".5", 0.5), ("1e-4", 1e-4), ("1E+2", 100),
            ("5e-324", .leastNonzeroMagnitude),
        ] as [(String, Double)])
    func numbers(text: String, value: Double) throws {
        let section = try Configuration.read(Train.Step.self, text: "factor: \(text)", source: "a.yaml")
        #expect(section.factor == value)
    }

    @Test(arguments: [
        // What the mistake is, and what the message says after "a.yaml:".
        (
            "epoch: 3",
            "1: unknown key \"epoch\" at the top level; "
                + "known keys: task, seed, name, limit, model, alignment, train"
        ),
        (
            "seed: 1\ntrian: {}",
            "2: unknown key \"trian\" at the top level; "
                + "known keys: task, seed, name, limit, model, alignment, train; did you mean \"train\"?"
        ),
        (
            "train:\n  batch: 64\n  epoch: 3",
            "3: unknown key \"epoch\" in train; known keys: "
                + "epochs, batch, shard, milestones, nesterov, tags, average, schedule; did you mean \"epochs\"?"
        ),
        ("model: {kind: vit, widths: [1]}", "1: unknown key \"widths\" in model; known keys: kind, depth, activation"),
        ("train:\n  epochs: ten", "2: train.epochs: \"ten\" is not an integer"),
        ("train:\n  epochs: 1.5", "2: train.epochs: \"1.5\" is not an integer"),
        ("train: {epochs: 0x10}", "1: train.epochs: \"0x10\" is not an integer"),
        ("train: {epochs: \"10\"}", "1: train.epochs: \"10\" in quotes is not an integer"),
        ("train: {epochs: -1}", "1: train.epochs: -1 is not in 0...100000"),
        (
            "train: {epochs: 99999999999999999999}",
            "1: train.epochs: \"99999999999999999999\" "
                + "is not in -9223372036854775808...9223372036854775807"
        ),
        ("train: {epochs: [1]}", "1: train.epochs: a list, expected a single value"),
        ("train: {epochs: {a: 1}}", "1: train.epochs: a mapping, expected a single value"),
        ("seed: -1", "1: seed: \"-1\" is not in 0...18446744073709551615"),
        ("limit: 0", "1: limit: 0 is not positive"),
        ("task: denoise", "1: task: \"denoise\" is not one of classifier, denoiser; did you mean \"denoiser\"?"),
        ("task: segmentation", "1: task: \"segmentation\" is not one of classifier, denoiser"),
        ("model:\n  kind: vlt", "2: model.kind: \"vlt\" is not one of resnet, vit; did you mean \"vit\"?"),
        ("model: {dropout: 1}", "1: model.dropout: 1.0 is not in 0.0..<1.0"),
        ("model: {kind: vit, depth: 0}", "1: model.depth: 0 is less than 1"),
        ("model: {widths: 16}", "1: model.widths: \"16\" is not a list"),
        ("model: {widths: []}", "1: model.widths: a list of 0 values, expected 1...4"),
        ("model:\n  widths:\n  - 1\n  - x", "4: model.widths[1]: \"x\" is not an integer"),
        ("model: {widths: [1, 0]}", "1: model.widths[1]: 0 is not positive"),
        ("alignment: {norms: []}", "1: alignment.norms: a list of 0 values, expected 1 or more"),
        (
            "alignment: {norms: [l2, l1]}",
            "1: alignment.norms[1]: \"l1\" is not one of l2, linf; did you mean \"l2\"?"
        ),
        (
            "alignment: {classesPerImage: none}",
            "1: alignment.classesPerImage: \"none\" is not a positive integer or all"
        ),
        ("alignment: {weight: -0.5}", "1: alignment.weight: -0.5 is negative"),
        ("train: {epochs: \"ten\"}", "1: train.epochs: \"ten\" is not an integer"),
        ("alignment: {weight: nan}", "1: alignment.weight: \"nan\" is not a number"),
        ("alignment: {weight: .inf}", "1: alignment.weight: \".inf\" is not a number"),
        ("alignment: {weight: 0x1p3}", "1: alignment.weight: \"0x1p3\" is not a number"),
        ("alignment: {weight: 1e999}", "1: alignment.weight: \"1e999\" is too large for a 64-bit number"),
        ("train: {nesterov: yes}", "1: train.nesterov: \"yes\" is not true or false"),
        ("train: {nesterov: \"true\"}", "1: train.nesterov: \"true\" in quotes is not true or false"),
        ("train: {tags: [\"\"]}", "1: train.tags[0]: \"\" is empty"),
        ("train: {tags: [~]}", "1: train.tags[0]: empty, expected a single value"),
        ("train: {shard: 12}", "1: train.shard: 12 is not a power of two"),
        ("train:\n  shard: 16\n  batch: 40", "3: train.batch: 40 is not a multiple of the shard size 16"),
        ("seed: 1\ntrain:\n  shard: 128", "3: train.batch: 64 is not a multiple of the shard size 128"),
        ("train: {average: {decay: 2}}", "1: train.average.decay: 2.0 is not in 0.0...1.0"),
        ("train: 3", "1: train: \"3\" is not a mapping of keys to values"),
        ("train: []", "1: train: a list is not a mapping of keys to values"),
        ("name: \"a\\0b\"", "1: name: \"a\\u0000b\" contains a NUL character"),
        ("name: \"a\\nb\"\ntask: \"a\\nb\"", "2: task: \"a\\nb\" is not one of classifier, denoiser"),
    ])
    func aWrongFieldIsNamedWithItsLine(text: String, message: String) {
        #expect(throws: Failure(.badInput, "a.yaml:\(message)")) { try read(text) }
    }

    @Test(arguments: [
        ("", "1: the document is empty, expected a mapping of keys to values"),
        ("# nothing\n", "1: the document is empty, expected a mapping of keys to values"),
        ("null", "1: the document is empty, expected a mapping of keys to values"),
        ("train", "1: the document is \"train\", expected a mapping of keys to values"),
        ("\n- 1", "2: the document is a list, expected a mapping of keys to values"),
        ("seed: 1\nname: a\nseed: 2", "1: duplicate key \"seed\""),
        ("train: {epochs: 1, \"epochs\": 1}", "1: duplicate key \"epochs\""),
        ("seed: 1\ntrain:\n\tepochs: 3", "3: invalid YAML: a tab in the indentation, expected spaces"),
        ("seed: 1\ntrain\nname: a", "2: invalid YAML: while scanning a simple key, could not find expected ':'"),
        ("seed: 1\ntrain: [1, 2", "2: invalid YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
        ("seed: 1\nname: \"abc\n\n", "2: invalid YAML: while scanning a quoted scalar, found unexpected end of stream"),
        (
            "seed: 1\n---\nseed: 2",
            "2: invalid YAML: expected a single document in the stream, but found another document"
        ),
        ("seed: 1\nname: \u{1}", "2: invalid YAML: control characters are not allowed"),
        ("seed: 1\nname: &x a", "2: anchors and aliases are not supported"),
        ("seed: 1\nname: *x", "2: anchors and aliases are not supported"),
        ("&x a: &y [1, *x]", "1: anchors and aliases are not supported"),
        ("seed: !!int 1", "1: the tag \"tag:yaml.org,2002:int\" is not supported"),
        ("train: !train {}", "1: the tag \"!train\" is not supported"),
        ("? [a]\n: 1", "1: a key is not a plain name"),
        ("? {a: 1}\n: 1", "1: a key is not a plain name"),
        (
            "<<: {seed: 2}",
            "1: unknown key \"<<\" at the top level; "
                + "known keys: task, seed, name, limit, model, alignment, train"
        ),
        (String(repeating: "[", count: 40) + String(repeating: "]", count: 40), "1: nested deeper than 32 levels"),
    ])
    func aDocumentThatIsNoConfigurationIsRefused(text: String, message: String) {
        #expect(throws: Failure(.badInput, "a.yaml:\(message)")) { try read(text) }
    }

    @Test func ampersandsThatAreNoAnchorsAreText() throws {
        #expect(try read("name: a & b  # & it's *this*\nseed: 1").name == "a & b")
        #expect(try read("name: '&x @ *x'").name == "&x @ *x")
        #expect(try read("name: |\n  &x *x").name == "&x *x")
    }

    @Test func nestedAliasesEndAtOnce() {
        var text = "a0: &a0 {k: v}\n"
        for level in 1...60 {
            text += "a\(level): &a\(level) {? [*a\(level - 1), *a\(level - 1)] : v}\n"
        }
        #expect(throws: Failure(.badInput, "a.yaml:1: anchors and aliases are not supported")) { try read(text) }
    }

    @Test func longTextIsCutShortInMessages() {
        let shown = String(repeating: "x", count: 60) + "..."
        #expect(throws: Failure(.badInput, "a.yaml:1: seed: \"\(shown)\" is not an integer")) {
            try read("seed: " + String(repeating: "x", count: 5000))
        }
    }

    @Test func overlargeTextIsRefused() {
        let text = "seed: 1\n#" + String(repeating: "x", count: Configuration.maximumBytes)
        let message = "a.yaml:1: larger than 1048576 bytes, the most that a configuration may have"
        #expect(throws: Failure(.badInput, message)) { try read(text) }
    }
}
