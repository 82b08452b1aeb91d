/// A chart of curves over a common axis, drawn as SVG.
///
/// Values that are not finite are gaps, with a cross at the upper edge. Curves of very many points show the mean over
/// short stretches and, shaded, the smallest and largest values.
public struct LineChart: Sendable {
    /// A place on a curve; what is not finite is a gap.
    public struct Point: Sendable, Equatable {
        public let x: Double
        public let y: Double

        public init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// One curve.
    public struct Series: Sendable {
        /// As the legend names it.
        public let label: String
        /// In any order.
        public let points: [Point]
        /// An index into the palette of the page, whose colours come again with dashes.
        public let colour: Int
        /// Between two points the curve has the value of the second, to which it drops or rises at the first.
        public let isStepped: Bool

        public init(label: String, points: [Point], colour: Int, isStepped: Bool = false) {
            self.label = label
            self.points = points
            self.colour = colour
            self.isStepped = isStepped
        }

        /// Given points in ascending order of x: the value at a point or, of a stepped curve, between two. Nil elsewhere.
        func value(at x: Double) -> Double? {
            guard let next = points.first(where: { $0.x >= x }), next.x == x || isStepped, points[0].x <= x else {
                return nil
            }
            return next.y
        }
    }

    /// What the vertical axis shows.
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
        /// Drawn so that it is seen: something went wrong there.
        public let isAlarm: Bool

        public init(x: Double, label: String, isAlarm: Bool = false) {
            self.x = x
            self.label = label
            self.isAlarm = isAlarm
        }
    }

    /// Above the drawing.
    public let title: String
    /// Below it.
    public let horizontalLabel: String
    /// What the vertical axis shows.
    public let verticalScale: VerticalScale
    /// Each in ascending order of x.
    public let series: [Series]
    /// Those within the axis are drawn.
    public let marks: [Mark]
    /// Whether the horizontal axis counts something, such as steps.
    public let countsHorizontally: Bool
    /// Whether the page names the curves under the chart.
    public let hasLegend: Bool
    /// What a reader has to know of the values, under all else; nil for nothing.
    public let note: String?

    public init(
        title: String, horizontalLabel: String, verticalScale: VerticalScale = .fitted, series: [Series],
        marks: [Mark] = [], countsHorizontally: Bool = true, hasLegend: Bool = true, note: String? = nil
    ) {
        self.title = title
        self.horizontalLabel = horizontalLabel
        self.verticalScale = verticalScale
        self.series = series.map { series in
            Series(
                label: series.label,
                points: series.points.filter { Self.isDrawable($0.x) }.sorted { $0.x < $1.x },
                colour: series.colour, isStepped: series.isStepped)
        }
        self.marks = marks
        self.countsHorizontally = countsHorizontally
        self.hasLegend = hasLegend
        self.note = note
    }

    /// Beyond this size a value is an accident and would make all others flat.
    static let largestMagnitude = 1e30

    static func isDrawable(_ value: Double) -> Bool { value.magnitude <= largestMagnitude }
}
