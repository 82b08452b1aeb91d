import Configuration
import Failures
import Training

/// The choices that a training has, found by asking: every setting of the written configuration is set to nonsense, and
/// the refusal says what it could have been. What is new in a registry is so among them.
struct Settings {
    let text: String
    private(set) var factors: [Factor] = []
    /// For each factor, the choices that it exists under; several where kinds have it in common.
    private var contexts: [[[Choice]]] = []

    /// Sections that a training step knows nothing of.
    private static let others: Set = ["monitor", "data", "profile", "checkpoint", "targets", "task"]
    /// Settings whose values are no words.
    private static let numbers = [
        Factor(path: "loss.alignment.classesPerImage", values: ["all", "2"]),
        Factor(path: "compute.classChunk", values: ["null", "1", "2"]),
        Factor(path: "compute.imageChunk", values: ["null", "1", "2"]),
        Factor(path: "compute.memory", values: ["1024", "1"]),
        Factor(path: "train.ema", values: ["null", "0.5"]),
        Factor(path: "train.clip", values: ["null", "0.1"]),
    ]
    /// What makes a choice small, or complete. A kind that is not here is taken as it comes.
    private static let companions = [
        "model.kind=resnet": ["model.widths=[4, 3]", "model.blocks=[1, 1]"],
        "model.kind=preact-resnet18": ["model.widths=[4, 3]", "model.blocks=[1, 1]"],
        "model.kind=wide-resnet": ["model.depth=10", "model.widen=1"],
        "model.kind=vit": ["model.patch=2", "model.layers=1", "model.hidden=8", "model.mlp_hidden=6", "model.head=4"],
        "model.kind=mlp": ["model.hidden=[5]"],
        "model.kind=unet": [
            "model.block_out_channels=[8, 8]", "model.norm_num_groups=4", "model.attention_head_dim=4",
            "model.layers_per_block=1",
        ],
        "model.kind=mlp-denoiser": ["model.width=8", "model.layers=1"],
        "loss.alignment.method=differences": ["loss.alignment.statistics=per-class"],
        "loss.alignment.targets.kind=file": ["loss.alignment.targets.path=\(Settings.targetFile)"],
        "loss.alignment.targets.of.kind=file": ["loss.alignment.targets.of.path=\(Settings.targetFile)"],
    ]
    /// Stands for a file that a row's own process makes.
    static let targetFile = "TARGETS"

    /// - Parameter text: a configuration that is allowed as it stands.
    init(of text: String) throws {
        self.text = text
        for factor in Self.numbers where isAllowed(["\(factor.path)=\(factor.values[1])"]) { add(factor, under: []) }
        try explore(under: [], known: [])
    }

    private mutating func add(_ factor: Factor, under context: [Choice]) {
        if let place = factors.firstIndex(where: { $0.path == factor.path }) {
            contexts[place].append(context)
        } else {
            factors.append(factor)
            contexts.append([context])
        }
    }

    /// Adds the settings that exist under some choices of kinds; those that kinds of theirs bring follow.
    private mutating func explore(under context: [Choice], known: Set<String>) throws {
        let given = overrides(context)
        let written = try Configuration.text(
            of: Configuration.read(RunConfiguration.self, text: text, source: "test", overrides: given))
        var found: [Factor] = []
        for path in Self.paths(of: written) where !known.contains(path) {
            guard let first = path.split(separator: ".").first, !Self.others.contains(String(first)) else { continue }
            let values = choices(for: path, given).filter { isAllowed(given + completed(path, $0)) }
            if values.count > 1 { found.append(Factor(path: path, values: values)) }
        }
        for factor in found { add(factor, under: context) }
        // Kinds can be made of kinds without end; once is enough.
        guard context.count < 2 else { return }
        let all = known.union(found.map(\.path))
        for factor in found where factor.path.hasSuffix("kind") {
            guard let place = factors.firstIndex(where: { $0.path == factor.path }) else { continue }
            for value in factor.values.indices {
                try explore(under: context + [Choice(factor: place, value: value)], known: all)
            }
        }
    }

    /// "a.b.c" for every scalar in a written configuration.
    private static func paths(of written: String) -> [String] {
        var open: [(indent: Int, name: String)] = [], paths: [String] = []
        for line in written.split(separator: "\n") {
            let indent = line.prefix { $0 == " " }.count
            let parts = line.dropFirst(indent).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            while let last = open.last, last.indent >= indent { open.removeLast() }
            let path = (open.map(\.name) + [String(parts[0])]).joined(separator: ".")
            if parts.count == 2, parts[1].isEmpty {
                open.append((indent, String(parts[0])))
            } else {
                paths.append(path)
            }
        }
        return paths
    }

    private func choices(for path: String, _ given: [String]) -> [String] {
        do {
            _ = try Configuration.read(
                RunConfiguration.self, text: text, source: "test", overrides: given + ["\(path)=\"no such word\""])
        } catch let failure as Failure {
            let words = failure.description
            if words.hasSuffix("is not true or false") { return ["false", "true"] }
            if let list = words.firstMatch(of: /is not one of ([^;]+)/)?.1 {
                return list.split(separator: ",").map { $0.drop { $0 == " " } }.map(String.init)
            }
        } catch {}
        return []
    }

    private func completed(_ path: String, _ value: String) -> [String] {
        let choice = "\(path)=\(value)"
        return [choice] + (Self.companions[choice] ?? [])
    }

    /// What is said on the command line for some choices.
    func overrides(_ choices: [Choice]) -> [String] {
        // A kind before what belongs to it.
        choices.sorted { $0.factor < $1.factor }.flatMap { choice in
            completed(factors[choice.factor].path, factors[choice.factor].values[choice.value])
        }
    }

    private func isAllowed(_ overrides: [String]) -> Bool { refusal(of: overrides) == nil }
    func isAllowed(_ choices: [Choice]) -> Bool { isAllowed(overrides(choices)) }

    /// What is wrong with overrides; nil if nothing.
    func refusal(of overrides: [String]) -> (any Error)? {
        do {
            _ = try Configuration.read(RunConfiguration.self, text: text, source: "test", overrides: overrides)
            return nil
        } catch { return error }
    }

    /// Choices together with the kinds that they exist under; nil if they do not go together.
    func completed(_ choices: [Choice]) -> [Choice]? {
        if isAllowed(choices) { return choices }
        var candidates = [choices]
        for choice in choices {
            candidates = candidates.flatMap { candidate in
                contexts[choice.factor].map { context in
                    candidate + context.filter { added in !candidate.contains { $0.factor == added.factor } }
                }
            }
        }
        return candidates.first { isAllowed($0) }
    }
}
