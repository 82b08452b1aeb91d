/// What evaluations say must be known of their figures.
struct EvaluationNotes {
    let runs: [Run]

    /// More of a run, or longer ones, say no more to a reader.
    private static let mostNotes = 20, longestNote = 400

    func html() -> HTML {
        let evaluated = runs.compactMap { run in run.robustness.map { (name: run.name, notes: Self.shown($0.notes)) } }
        guard let first = evaluated.first else { return .empty }
        if evaluated.allSatisfy({ $0.notes == first.notes }) {
            return list(evaluated.count == 1 ? "The evaluation notes:" : "All evaluations note:", first.notes)
        }
        return evaluated.map { list("The evaluation of \($0.name) notes:", $0.notes) }.reduce(.empty, +)
    }

    /// Each once: an attack alone and as a part of a cascade says the same.
    private static func shown(_ notes: [String]) -> [String] {
        var seen: Set<String> = []
        let different = notes.filter { seen.insert($0).inserted }
        let shown = different.prefix(mostNotes).map { note in
            let scalars = note.unicodeScalars
            return scalars.count <= longestNote ? note : String(scalars.prefix(longestNote)) + "…"
        }
        let others = different.count - shown.count
        return others == 0 ? shown : shown + ["and \(NumberText.grouped(others)) more in robustness.json"]
    }

    private func list(_ title: String, _ notes: [String]) -> HTML {
        guard !notes.isEmpty else { return .empty }
        return .element(
            "div", ["class": "muted notes"], .element("p", [:], "\(title)"),
            .element("ul", [:], notes.map { .element("li", [:], "\($0)") }))
    }
}
