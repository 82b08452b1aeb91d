/// The numbers behind a chart of accuracy over the attack's budget: a row a budget, a column a run.
struct BudgetTable {
    let chart: LineChart

    /// More rows than these say no more than the chart does.
    private static let mostRows = 12

    func figure() -> HTML {
        let all = Array(Set(chart.series.flatMap { $0.points.map(\.x) })).sorted()
        let stride = max(1, (all.count + Self.mostRows - 1) / Self.mostRows)
        let budgets = Swift.stride(from: 0, to: all.count, by: stride).map { all[$0] }
        let rows = budgets.map { budget in
            HTML.element(
                "tr", [:],
                [.element("th", ["scope": "row"], "\(NumberText.epsilon(budget))")]
                    + chart.series.map { series in
                        let accuracy = series.points.first { $0.x == budget }?.y
                        return .element("td", [:], "\(NumberText.percent(accuracy))")
                    })
        }
        let headings = chart.series.map { series in
            HTML.element("th", ["scope": "col"], LineChart.swatch(series.colour, isDashed: false), "\(series.label)")
        }
        return .element(
            "figure", ["class": "chart"],
            .element("figcaption", [:], "The same in numbers"),
            .element(
                "div", ["class": "scroll"],
                .element(
                    "table", ["class": "compact"],
                    .element(
                        "thead", [:], .element("tr", [:], [.element("th", ["scope": "col"], "radius")] + headings)),
                    .element("tbody", [:], rows))))
    }
}
