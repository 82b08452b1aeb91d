import Configuration
import Failures
import Testing

private func read(_ text: String, _ overrides: [String]) throws -> Sample {
    try Configuration.read(Sample.self, text: text, source: "a.yaml", overrides: overrides)
}

@Suite struct OverrideTests {
    @Test func overridesReplaceWhatTheFileHas() throws {
        let sample = try read(sampleText, ["train.epochs=9", "model.depth=3", "seed=5", "seed=6", "name=data:/a=b"])
        #expect(sample.train.epochs == 9)
        #expect(sample.train.batch == 96)
        #expect((sample.model.model as? Transformer)?.depth == 3)
        #expect(sample.seed == 6)
        #expect(sample.name == "data:/a=b")
    }

    @Test func overridesMakeTheSectionsTheyNeed() throws {
        #expect(try read("seed: 1", ["train.average.decay=0.25"]).train.average?.decay == 0.25)
        #expect(try read("train: null", ["train.epochs=3"]).train.epochs == 3)
        #expect(try read("train: {average: null}", ["train.average.decay=0.25"]).train.average?.decay == 0.25)
    }

    @Test func overridesMayBeListsMappingsAndNull() throws {
        #expect((try read("{}", ["model.widths=[4, 8]"]).model.model as? Residual)?.widths == [4, 8])
        let replaced = try read("model: {widths: [1]}", ["model={kind: vit, depth: 2}"])
        #expect((replaced.model.model as? Transformer)?.depth == 2)
        #expect(try read(sampleText, ["limit=null"]).limit == nil)
        #expect(try read(sampleText, ["limit="]).limit == nil)
        #expect(try read("{}", ["name='null'"]).name == "null")
    }

    @Test(arguments: [
        (
            "train.epoch=3",
            "unknown key \"epoch\" in train; known keys: "
                + "epochs, batch, shard, milestones, nesterov, tags, average, schedule; did you mean \"epochs\"?"
        ),
        (
            "trian.epochs=3",
            "unknown key \"trian\" at the top level; "
                + "known keys: task, seed, name, limit, model, alignment, train; did you mean \"train\"?"
        ),
        ("train.epochs=ten", "train.epochs: \"ten\" is not an integer"),
        ("train.epochs=-1", "train.epochs: -1 is not in 0...100000"),
        ("train.batch=40", "train.batch: 40 is not a multiple of the shard size 16"),
        ("seed.low=1", "seed: a mapping, expected a single value"),
        ("train.epochs", "no \"=\", expected path=value, as in train.epochs=10"),
        ("=1", "\"\" is not a path, expected path=value"),
        ("train..epochs=1", "\"train..epochs\" is not a path, expected path=value"),
        ("model.widths=[1", "invalid YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
        ("name=*x", "anchors and aliases are not supported"),
        ("name=# text", "the value is a comment, expected quotes around a text with \"#\""),
        ("train=3", "train: \"3\" is not a mapping of keys to values"),
    ])
    func aWrongOverrideIsNamed(argument: String, message: String) {
        #expect(throws: Failure(.usage, "--set \(argument): \(message)")) { try read("seed: 1", [argument]) }
    }

    @Test func whatIsWrongInTheFileIsStillTheFilesFault() {
        let message = "a.yaml:2: unknown key \"widhts\" in model; known keys: kind, depth, activation"
        #expect(throws: Failure(.badInput, message)) {
            try read("model:\n  widhts: [1]", ["model.kind=vit"])
        }
        #expect(throws: Failure.self) { try read("model: {kind: vit, widths: [1]}", ["model.activation=relu"]) }
    }

    @Test func anotherKindLeavesTheFieldsOfTheOldOneBehind() throws {
        let sample = try read("model: {kind: resnet, widths: [1], activation: softplus}", ["model.kind=vit"])
        #expect((sample.model.model as? Transformer)?.depth == 6)
        #expect(sample.model.activation == .softplus)
        let nested = try read("train: {schedule: {kind: step, factor: 0.5}}", ["train.schedule.kind=constant"])
        #expect(nested.train.schedule.schedule == .constant(Train.Constant()))
    }

    @Test(arguments: [["model.kind=vit", "model.widths=[2]"], ["model={kind: vit, widths: [2]}"]])
    func anOverrideThatTheKindDoesNotKnowIsNamed(_ overrides: [String]) {
        let failure = #expect(throws: Failure.self) { try read("model: {widths: [1]}", overrides) }
        #expect(failure?.kind == .usage || failure?.kind == .badInput)
        #expect(failure?.description.contains("unknown key \"widths\" in model") == true)
    }
}
