/// The numbers behind a chart of accuracy over a radius: a row a radius, a column a run.
struct BudgetTable {
    let chart: LineChart
    /// Nil: those of the chart's points.
    var budgets: [Double]?

    /// More rows than these say no more than the chart does.
    static let mostRows = 12

    func figure() -> HTML {
        let all = budgets ?? Array(Set(chart.series.flatMap { $0.points.map(\.x) })).sorted()
        let stride = max(1, (all.count + Self.mostRows - 1) / Self.mostRows)
        let budgets = Swift.stride(from: 0, to: all.count, by: stride).map { all[$0] }
        let rows = budgets.map { budget in
            HTML.element(
                "tr", [:],
                [.element("th", ["scope": "row"], "\(NumberText.epsilon(budget))")]
                    + chart.series.map { series in
                        .element("td", [:], "\(NumberText.percent(series.value(at: budget)))")
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
