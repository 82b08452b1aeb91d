/// The SVG of one `LineChart`.
struct LineChartDrawing {
    private(set) var svg = ""
    let hasNotFinite: Bool
    let isLogarithmic: Bool

    private let chart: LineChart
    private let horizontal: AxisScale
    private let vertical: AxisScale
    /// Of all curves or of none: dots on some would look like a meaning.
    private let hasDots: Bool

    // The coordinates of the view box; the page scales it to the width that there is.
    private static let width = 520.0, height = 300.0
    private static let left = 56.0, right = 16.0, top = 24.0, bottom = 48.0
    private static let bins = 220
    /// Where a curve has more points, those of no curve are drawn one by one, unless they stand alone.
    private static let mostDots = 25
    private static let crossDistance = 9.0

    init(_ chart: LineChart) {
        self.chart = chart
        let curves = chart.series.map { Decimation($0.points, bins: Self.bins) }
        hasNotFinite = curves.contains { !$0.notFinite.isEmpty }
        // A step shows where its points are.
        hasDots =
            !chart.series.contains(where: \.isStepped)
            && curves.allSatisfy { $0.segments.reduce(0) { $0 + $1.count } <= Self.mostDots }
        let places = chart.series.flatMap { $0.points.map(\.x) }
        let values = chart.series.flatMap { $0.points.map(\.y).filter(LineChart.isDrawable) }
        horizontal = AxisScale.linear(
            places.min() ?? 0, places.max() ?? 1, count: 6, rounded: false, wholeNumbers: chart.countsHorizontally)
        vertical = Self.verticalScale(chart.verticalScale, values)
        isLogarithmic = vertical.isLogarithmic

        svg = """
            <svg class="plot" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
            aria-label="\(HTML.escape(chart.title))">
            """
        drawAxes()
        drawMarks()
        if values.isEmpty {
            text("no finite values", x: (Self.left + Self.width - Self.right) / 2, y: Self.height / 2, "middle")
        }
        // More bands than these hide each other.
        if curves.count <= 3 {
            for (series, curve) in zip(chart.series, curves) { drawBand(series, curve) }
        }
        for (series, curve) in zip(chart.series, curves) { drawLine(series, curve) }
        svg += "</svg>"
    }

    private static func verticalScale(_ wanted: LineChart.VerticalScale, _ values: [Double]) -> AxisScale {
        if case .fraction = wanted { return .fraction }
        guard let minimum = values.min(), let maximum = values.max() else {
            return .linear(0, 1, count: 4, rounded: true)
        }
        if case .fittedOrLogarithmic = wanted, minimum >= AxisScale.smallest,
            maximum > 40 * values.sorted()[values.count / 2]
        {
            return .logarithmic(minimum, maximum)
        }
        return .linear(minimum, maximum, count: 4, rounded: true)
    }

    private func x(_ value: Double) -> Double {
        Self.left + horizontal.position(value) * (Self.width - Self.left - Self.right)
    }

    private func y(_ value: Double) -> Double {
        Self.height - Self.bottom - vertical.position(value) * (Self.height - Self.top - Self.bottom)
    }

    /// A coordinate with one decimal, which is finer than a screen's pixels. Those far outside are brought nearer.
    private static func coordinate(_ value: Double) -> String {
        let tenths = Int((min(1e5, max(-1e5, value)) * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }

    private func place(_ horizontal: Double, _ vertical: Double) -> String {
        "\(Self.coordinate(x(horizontal))) \(Self.coordinate(y(vertical)))"
    }

    private mutating func path(_ kind: String, _ data: String) {
        svg += "<path class=\"\(kind)\" d=\"\(data)\"/>"
    }

    private mutating func text(_ content: String, x: Double, y: Double, _ anchor: String, kind: String = "tick") {
        svg += """
            <text class="\(kind)" x="\(Self.coordinate(x))" y="\(Self.coordinate(y))" text-anchor="\(anchor)">\
            \(HTML.escape(content))</text>
            """
    }

    private mutating func drawAxes() {
        let floor = Self.height - Self.bottom
        let farRight = Self.coordinate(Self.width - Self.right)
        for tick in vertical.ticks {
            path("grid", "M\(Self.coordinate(Self.left)) \(Self.coordinate(y(tick)))H\(farRight)")
            text(vertical.label(tick), x: Self.left - 8, y: y(tick) + 4.5, "end")
        }
        path("axis", "M\(Self.coordinate(Self.left)) \(Self.coordinate(floor))H\(farRight)")
        for tick in horizontal.ticks {
            path("axis", "M\(Self.coordinate(x(tick))) \(Self.coordinate(floor))v5")
            text(horizontal.label(tick), x: x(tick), y: floor + 20, "middle")
        }
        text(
            chart.horizontalLabel, x: (Self.left + Self.width - Self.right) / 2, y: Self.height - 7, "middle",
            kind: "label")
    }

    private mutating func drawMarks() {
        for mark in chart.marks where mark.x >= horizontal.lower && mark.x <= horizontal.upper {
            let place = x(mark.x)
            path(
                mark.isAlarm ? "mark alarm" : "mark",
                "M\(Self.coordinate(place)) \(Self.coordinate(Self.top))V\(Self.coordinate(Self.height - Self.bottom))")
            let isRight = place > Self.width * 0.75
            text(
                mark.label, x: place + (isRight ? 3 : -3), y: Self.top - 10, isRight ? "end" : "start",
                kind: mark.isAlarm ? "note alarm" : "note")
        }
    }

    /// The extent of the values where samples stand for several.
    private mutating func drawBand(_ series: LineChart.Series, _ curve: Decimation) {
        guard curve.isBinned else { return }
        for segment in curve.segments where segment.count > 1 {
            let upper = segment.map { place($0.x, $0.maximum) }
            let lower = segment.reversed().map { place($0.x, $0.minimum) }
            path("band \(CurveStyle.colourClass(series.colour))", "M" + (upper + lower).joined(separator: "L") + "Z")
        }
    }

    private func line(_ segment: [Decimation.Sample]) -> String {
        "M" + segment.map { place($0.x, $0.mean) }.joined(separator: "L")
    }

    private func steps(_ segment: [Decimation.Sample]) -> String {
        segment.dropFirst().reduce("M" + place(segment[0].x, segment[0].mean)) {
            $0 + "V\(Self.coordinate(y($1.mean)))H\(Self.coordinate(x($1.x)))"
        }
    }

    private mutating func drawLine(_ series: LineChart.Series, _ curve: Decimation) {
        let colour = CurveStyle.colourClass(series.colour)
        for segment in curve.segments where segment.count > 1 {
            path(CurveStyle.lineClasses(series.colour), series.isStepped ? steps(segment) : line(segment))
        }
        for segment in curve.segments where hasDots || segment.count == 1 {
            for sample in segment {
                let value = vertical.unit == .percent ? NumberText.percent(sample.mean) : NumberText.short(sample.mean)
                svg += """
                    <circle class="dot \(colour)" cx="\(Self.coordinate(x(sample.x)))" \
                    cy="\(Self.coordinate(y(sample.mean)))" r="3.5">\
                    <title>\(HTML.escape("\(series.label): \(value) at \(NumberText.short(sample.x, digits: 6))"))\
                    </title></circle>
                    """
            }
        }
        var last = -Double.infinity
        for place in curve.notFinite.map(x) where place - last >= Self.crossDistance {
            path("cross \(colour)", "M\(Self.coordinate(place)) \(Self.coordinate(Self.top))m-4-4l8 8m0-8l-8 8")
            last = place
        }
    }
}
