/// The numbers behind a chart of accuracy over a radius: a row a radius, a column a curve. Of more curves than fit side by
/// side a row a curve.
struct BudgetTable {
    let chart: LineChart
    /// Nil: those of the chart's points.
    var budgets: [Double]?

    /// More radii than these say no more than the chart does.
    static let mostRows = 12
    /// Curves, or else radii, that fit beside each other in half of the page's width.
    private static let mostColumns = 4, mostNumbers = 5

    func figure() -> HTML {
        let all = budgets ?? Array(Set(chart.series.flatMap { $0.points.map(\.x) })).sorted()
        let stride = max(1, (all.count + Self.mostRows - 1) / Self.mostRows)
        let budgets = Swift.stride(from: 0, to: all.count, by: stride).map { all[$0] }
        let radii = budgets.map { HTML.text(NumberText.epsilon($0)) }
        let names = chart.series.map { LineChart.swatch($0.colour) + "\($0.label)" }
        let areCurvesRows = names.count > Self.mostColumns
        func cell(_ series: LineChart.Series, _ budget: Double) -> HTML {
            "\(NumberText.percent(series.value(at: budget)))"
        }
        let table =
            areCurvesRows
            ? HTML.table(
                "compact numbers", ["radius"] + radii,
                zip(names, chart.series).map { name, series in [name] + budgets.map { cell(series, $0) } })
            : HTML.table(
                "compact", ["radius"] + names,
                zip(radii, budgets).map { radius, budget in [radius] + chart.series.map { cell($0, budget) } })
        return .element(
            "figure", ["class": areCurvesRows && radii.count > Self.mostNumbers ? "chart wide" : "chart"],
            .element("figcaption", [:], "The same in numbers"), table)
    }
}
