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
        let headings = ["corruption"] + (0..<severities).map { "\($0 + 1)" } + ["mean error"]
        let rows = file.corruptions.map { corruption in
            let cells = (0..<severities).map { $0 < corruption.accuracies.count ? corruption.accuracies[$0] : nil }
            return HTML.element(
                "tr", [:],
                [.element("th", ["scope": "row"], "\(corruption.name)")]
                    + (cells + [corruption.meanError]).map { .element("td", [:], "\(NumberText.percent($0))") })
        }
        return .element(
            "figure", ["class": "chart"],
            .element("figcaption", [:], run.swatch + "\(run.name): \(summary)"),
            .element(
                "div", ["class": "scroll"],
                .element(
                    "table", ["class": "compact"],
                    .element(
                        "thead", [:], .element("tr", [:], headings.map { .element("th", ["scope": "col"], "\($0)") })),
                    .element("tbody", [:], rows))))
    }

    /// What the figures are of, with those that are about all corruptions.
    private var summary: String {
        var parts: [String] = []
        if let dataset = file.dataset { parts.append(dataset) }
        if let samples = file.samples { parts.append("\(NumberText.grouped(samples)) images a severity") }
        if let source = file.source { parts.append("corruptions: \(source)") }
        parts.append("clean \(NumberText.percent(file.cleanAccuracy))")
        parts.append("mean corruption error \(NumberText.percent(file.meanError))")
        return parts.joined(separator: ", ")
    }
}
