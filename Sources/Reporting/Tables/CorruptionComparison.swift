/// Mean errors on corrupted images of several runs: a row a corruption, a column a run, the means over corruptions last.
struct CorruptionComparison {
    private let tables: [CorruptionTable]

    /// Runs that fit beside each other in half of the page's width.
    private static let mostColumns = 4

    init(_ tables: [CorruptionTable]) {
        self.tables = tables
    }

    func figure() -> HTML {
        var names: [String] = []
        for corruption in tables.flatMap(\.file.corruptions) where !names.contains(corruption.name) {
            names.append(corruption.name)
        }
        func row(_ name: String, _ value: (CorruptionsFile) -> Double?) -> [HTML] {
            ["\(name)"] + tables.map { "\(NumberText.percent(value($0.file)))" }
        }
        func mean(_ name: String, _ value: (CorruptionsFile) -> Double?) -> [HTML] {
            row(name, value).map { .element("b", [:], $0) }
        }
        var rows = [row("none (clean)") { $0.cleanAccuracy.map { 1 - $0 } }]
        rows += names.map { name in row(name) { $0.corruptions.first { $0.name == name }?.meanError } }
        let haveAll = tables.allSatisfy { $0.file.corruptions.count == names.count }
        rows.append(mean(haveAll ? "mean of all \(names.count)" : "mean of the run's own") { $0.meanError })
        if tables.contains(where: { $0.file.benchmarkError != nil }) {
            rows.append(mean("mean of the benchmark's \(CorruptionsFile.benchmark.count)") { $0.benchmarkError })
        }
        let headings = tables.map { table -> HTML in
            let noise = table.file.inputNoise.map { "input noise \(NumberText.short($0))" }
            return table.run.swatch + "\(table.run.name)"
                + (noise.map { .element("small", [:], "\($0)") } ?? .empty)
        }
        return .element(
            "figure", ["class": tables.count > Self.mostColumns ? "chart wide" : "chart"],
            .element("figcaption", [:], "Mean error over the severities"),
            .table("compact", ["corruption"] + headings, rows),
            .element("p", [:], "\(notes.joined(separator: " "))"))
    }

    /// What the columns are of, and whether they may be compared.
    private var notes: [String] {
        let files = tables.map(\.file)
        var notes = [CorruptionTable.meaning]
        if Set(files.map { Set($0.corruptions.map(\.name)) }).count > 1 {
            let scopes = tables.map { "\($0.run.name): \(CorruptionTable.scope($0.file))" }
            notes.append("The runs were not put to the same corruptions: their means are of different ones.")
            notes += scopes
        } else if let first = files.first {
            notes.append(CorruptionTable.scope(first))
        }
        if !haveSameImages { notes.append("The runs were put to different images.") }
        for table in tables {
            if let noise = table.file.inputNoise {
                notes.append("\(table.run.name): \(CorruptionTable.words(noise: noise)).")
            }
        }
        return notes
    }

    /// As far as their fingerprints tell.
    private var haveSameImages: Bool {
        var known: [String: String] = [:]
        for corruption in tables.flatMap(\.file.corruptions) {
            guard let fingerprint = corruption.fingerprint else { continue }
            if known.updateValue(fingerprint, forKey: corruption.name) ?? fingerprint != fingerprint { return false }
        }
        return Set(tables.map(\.file.samples)).count == 1
    }
}
