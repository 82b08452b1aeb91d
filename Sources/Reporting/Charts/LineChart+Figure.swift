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
            legend.isEmpty ? .empty : .element("div", ["class": "legend"], legend))
    }

    private static func legendEntry(_ series: Series) -> HTML {
        .element("span", ["class": "key"], swatch(series.colour, isDashed: series.isDashed), "\(series.label)")
    }

    /// A short stroke as the curve's, for legends and tables.
    static func swatch(_ colour: Int, isDashed: Bool) -> HTML {
        let dashed = isDashed || Self.isDashed(colour) ? " dashed" : ""
        return .trusted(
            """
            <svg class="swatch" width="22" height="8" viewBox="0 0 22 8" aria-hidden="true">\
            <path class="line \(colourClass(colour))\(dashed)" d="M1 4H21"/></svg>
            """)
    }
}
