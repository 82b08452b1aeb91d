/// A chart of curves over a common axis, drawn as SVG.
///
/// Values that are not finite are gaps, with a cross at the upper edge. Curves of very many points show the mean over
/// short stretches and, shaded, the smallest and largest values.
public struct LineChart: Sendable {
    public struct Point: Sendable, Equatable {
        public let x: Double
        public let y: Double

        public init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    public struct Series: Sendable {
        public let label: String
        /// In any order.
        public let points: [Point]
        /// An index into the palette of the page, which repeats.
        public let colour: Int
        public let isDashed: Bool

        public init(label: String, points: [Point], colour: Int, isDashed: Bool = false) {
            self.label = label
            self.points = points
            self.colour = colour
            self.isDashed = isDashed
        }
    }

    public enum VerticalScale: Sendable {
        /// Fitted to the values.
        case fitted
        /// Fitted to the values; logarithmic when few of them tower over positive others.
        case fittedOrLogarithmic
        /// 0 to 1, written as percent.
        case fraction
    }

    /// A vertical line across the chart.
    public struct Mark: Sendable {
        public let x: Double
        public let label: String
        public let isAlarm: Bool

        public init(x: Double, label: String, isAlarm: Bool = false) {
            self.x = x
            self.label = label
            self.isAlarm = isAlarm
        }
    }

    public let title: String
    public let horizontalLabel: String
    public let verticalScale: VerticalScale
    public let series: [Series]
    public let marks: [Mark]
    /// Whether the horizontal axis counts something, such as steps.
    public let countsHorizontally: Bool
    /// Whether the page names the curves under the chart.
    public let hasLegend: Bool

    public init(
        title: String, horizontalLabel: String, verticalScale: VerticalScale = .fitted, series: [Series],
        marks: [Mark] = [], countsHorizontally: Bool = true, hasLegend: Bool = true
    ) {
        self.title = title
        self.horizontalLabel = horizontalLabel
        self.verticalScale = verticalScale
        self.series = series.map { series in
            Series(
                label: series.label,
                points: series.points.filter { Decimation.isDrawable($0.x) }.sorted { $0.x < $1.x },
                colour: series.colour, isDashed: series.isDashed)
        }
        self.marks = marks
        self.countsHorizontally = countsHorizontally
        self.hasLegend = hasLegend
    }

    /// The colours that the page's style sheet defines.
    static let paletteSize = 6

    static func colourClass(_ colour: Int) -> String { "s\(colour % paletteSize)" }

    /// From the seventh curve on, colours come again, dashed.
    static func isDashed(_ colour: Int) -> Bool { colour / paletteSize % 2 == 1 }

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
