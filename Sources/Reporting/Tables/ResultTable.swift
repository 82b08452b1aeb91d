/// Accuracies of several runs: a row a run, a column a kind of accuracy. The best of each column stands out.
struct ResultTable: Sendable {
    /// What is measured of every row.
    struct Column: Hashable, Sendable {
        /// In bold.
        let title: String
        /// Lines under the title, such as the attack's budget.
        let details: [String]

        init(title: String, details: [String] = []) {
            self.title = title
            self.details = details
        }
    }

    /// A run.
    struct Row: Sendable {
        /// The run's.
        let name: String
        /// Fractions in the order of the columns; nil where there is none.
        let accuracies: [Double?]
        /// Number of images behind the accuracies, if known.
        let samples: Int?
        /// The run's index into the page's palette.
        let colour: Int

        init(name: String, accuracies: [Double?], samples: Int? = nil, colour: Int = 0) {
            self.name = name
            self.accuracies = accuracies
            self.samples = samples
            self.colour = colour
        }
    }

    let columns: [Column]
    let rows: [Row]
    /// Whether training's own monitor is what the accuracies come from.
    let isOfMonitors: Bool

    init(columns: [Column], rows: [Row], isOfMonitors: Bool = false) {
        precondition(
            rows.allSatisfy { $0.accuracies.count == columns.count },
            "ResultTable: rows for other than \(columns.count) columns")
        self.columns = columns
        self.rows = rows
        self.isOfMonitors = isOfMonitors
    }

    /// Whether a cell is the best of its column: not for a single row, nor where all show the same.
    private func isBest(_ row: Int, _ column: Int) -> Bool {
        let shown = rows.map { $0.accuracies[column].map { ($0 * 1000).rounded() } }
        let values = shown.compactMap { $0 }
        guard values.count > 1, let best = values.max(), values.contains(where: { $0 < best }) else { return false }
        return shown[row] == best
    }

    /// Aligned plain text for a terminal, with a newline at the end; `*` marks the best of a column.
    func text() -> String {
        let headings = columns.map { ([$0.title] + $0.details).map(Self.plain) }
        let headingLines = headings.map(\.count).max() ?? 0
        let names = rows.map { Self.plain($0.name) }
        let cells = rows.indices.map { row in
            columns.indices.map { column in
                Self.plain(NumberText.percent(rows[row].accuracies[column])) + (isBest(row, column) ? "*" : " ")
            }
        }
        let nameWidth = names.map(\.count).max() ?? 0
        let widths = columns.indices.map { column in
            max(headings[column].map { $0.count + 1 }.max() ?? 0, cells.map { $0[column].count }.max() ?? 0)
        }
        func line(_ name: String, _ cells: [String]) -> String {
            var line = name + String(repeating: " ", count: nameWidth - name.count)
            for (cell, width) in zip(cells, widths) {
                line += "  " + String(repeating: " ", count: width - cell.count) + cell
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }
        var text = ""
        for i in 0..<headingLines { text += line("", headings.map { i < $0.count ? $0[i] + " " : "" }) }
        for (name, cells) in zip(names, cells) { text += line(name, cells) }
        return text
    }

    func html() -> HTML {
        let headings = columns.map { column in
            HTML.element(
                "th", ["scope": "col"], ["\(column.title)"] + column.details.map { .element("small", [:], "\($0)") })
        }
        let body = rows.indices.map { row in
            HTML.element(
                "tr", ["class": CurveStyle.colourClass(rows[row].colour)],
                [
                    .element(
                        "th", ["scope": "row"], LineChart.swatch(rows[row].colour),
                        "\(rows[row].name)")
                ] + columns.indices.map { cell(row, $0) })
        }
        return .element(
            "div", ["class": "scroll"],
            .element(
                "table", ["class": "results"],
                .element("thead", [:], .element("tr", [:], [.element("th", ["scope": "col"], "run")] + headings)),
                .element("tbody", [:], body)))
    }

    private func cell(_ row: Int, _ column: Int) -> HTML {
        guard let accuracy = rows[row].accuracies[column] else {
            return .element("td", ["class": "none"], "\(NumberText.missing)")
        }
        let interval = rows[row].samples.map { samples in
            let interval = AccuracyInterval(accuracy: accuracy, samples: samples)
            return "95 % interval: \(NumberText.percent(interval.lower)) to \(NumberText.percent(interval.upper))"
        }
        let number: HTML = "\(NumberText.percent(accuracy))"
        return .element(
            "td", ["title": interval], isBest(row, column) ? .element("b", [:], number) : number,
            .element("i", ["style": "--p:\(NumberText.fixed(100 * min(1, max(0, accuracy)), places: 1))%"]))
    }

    /// Names come from files: control characters must not reach the terminal.
    private static func plain(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{a0}": result += " "
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{200b}"..."\u{200f}", "\u{2028}"..."\u{202e}",
                "\u{2066}"..."\u{2069}":
                result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
