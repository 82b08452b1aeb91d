/// Accuracy on corrupted images: a row a corruption, a column a severity.
struct CorruptionTable {
    let run: Run
    let file: CorruptionsFile

    /// Nil for a run that has none.
    init?(_ run: Run) {
        guard let file = run.directory.corruptions else { return nil }
        self.run = run
        self.file = file
    }

    func figure() -> HTML {
        let severities = file.corruptions.map(\.accuracies.count).max() ?? 0
        let headings = (1...max(1, severities)).map { Self.heading("severity \($0)", "accuracy") }
        let rows = file.corruptions.map { corruption -> [HTML] in
            let cells = (0..<severities).map { $0 < corruption.accuracies.count ? corruption.accuracies[$0] : nil }
            return ["\(corruption.name)"] + (cells + [corruption.meanError]).map { "\(NumberText.percent($0))" }
        }
        return .element(
            "figure", ["class": "chart wide"],
            .element("figcaption", [:], run.swatch + "\(run.name): \(summary)"),
            .table(
                "compact numbers", ["corruption"] + headings.prefix(severities) + [Self.heading("mean", "error")], rows),
            .element("p", [:], "\(Self.meaning) \(Self.scope(file))"))
    }

    private static func heading(_ title: String, _ detail: String) -> HTML {
        "\(title)" + .element("small", [:], "\(detail)")
    }

    /// What the figures are of, with those that are about all corruptions.
    private var summary: String {
        var parts: [String] = []
        if let dataset = file.dataset { parts.append(dataset) }
        if let samples = file.samples { parts.append("\(NumberText.grouped(samples)) images a severity") }
        if let source = file.source { parts.append("corruptions: \(source)") }
        if let noise = file.inputNoise { parts.append(Self.words(noise: noise)) }
        parts.append("clean \(NumberText.percent(file.cleanAccuracy))")
        let count = file.corruptions.count
        parts.append(
            "mean corruption error \(NumberText.percent(file.meanError)) over \(count) corruption\(count == 1 ? "" : "s")"
        )
        if let error = file.benchmarkError {
            parts.append("\(NumberText.percent(error)) over the benchmark's \(CorruptionsFile.benchmark.count)")
        }
        return parts.joined(separator: ", ")
    }

    /// That of a network which adds noise to its images.
    static func words(noise: Double) -> String { "noise of deviation \(NumberText.short(noise)) on every pass" }

    /// What an error is.
    static let meaning =
        "Errors are shares of wrong answers: means over severities, the last over all these corruptions too."

    /// What the mean is over, beside the benchmark's own.
    static func scope(_ file: CorruptionsFile) -> String {
        let names = file.corruptions.map(\.name), count = CorruptionsFile.benchmark.count
        let missing = CorruptionsFile.benchmark.filter { !names.contains($0) }
        let further = names.filter { !CorruptionsFile.benchmark.contains($0) }
        var sentence: String
        if missing.isEmpty {
            sentence = "All of the benchmark's \(count) are there"
        } else if missing.count == count {
            sentence = "None of the benchmark's \(count) is there"
        } else {
            sentence = "Missing of the benchmark's \(count): \(missing.joined(separator: ", "))"
        }
        if !further.isEmpty, missing.count < count { sentence += "; not of them: \(further.joined(separator: ", "))" }
        return sentence + "."
    }
}
