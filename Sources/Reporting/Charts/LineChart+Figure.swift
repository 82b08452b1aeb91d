extension LineChart {
    /// The drawing alone, an `<svg>` element without title and legend, whose colours are the page's style sheet's.
    public func svg() -> String { LineChartDrawing(self).svg }

    /// Title, drawing and legend.
    func figure() -> HTML {
        let drawing = LineChartDrawing(self)
        var heading: HTML = "\(title)"
        if drawing.isLogarithmic { heading += .element("span", ["class": "unit"], "logarithmic") }
        var legend: [HTML] = hasLegend ? series.map { Self.legendEntry($0) } : []
        if drawing.hasNotFinite {
            legend.append(.element("span", ["class": "key alarm"], "× not finite"))
        }
        return .element(
            "figure", ["class": "chart"],
            .element("figcaption", [:], heading), .trusted(drawing.svg),
            legend.isEmpty ? .empty : .element("div", ["class": "legend"], legend),
            note.map { .element("p", [:], "\($0)") } ?? .empty)
    }

    private static func legendEntry(_ series: Series) -> HTML {
        .element("span", ["class": "key"], swatch(series.colour), "\(series.label)")
    }

    /// A short stroke as the curve's, for legends and tables.
    static func swatch(_ colour: Int) -> HTML {
        .trusted(
            """
            <svg class="swatch" width="32" height="8" viewBox="0 0 32 8" aria-hidden="true">\
            <path class="\(CurveStyle.lineClasses(colour))" d="M1 4H31"/></svg>
            """)
    }
}
