/// Points with their names beside them, drawn as an SVG that stands on its own, for pages in Markdown.
public struct ScatterChart: Sendable {
    /// Where a point is drawn, in units of the axes.
    public struct Point: Sendable, Equatable {
        public let x: Double
        public let y: Double
        /// Points of the same label share a colour; the first of them is named.
        public let label: String

        public init(x: Double, y: Double, label: String) {
            self.x = x
            self.y = y
            self.label = label
        }
    }

    private let title: String
    private let horizontalLabel: String
    private let verticalLabel: String
    private let points: [Point]

    // The coordinates of the view box.
    private static let width = 720.0, height = 460.0
    private static let left = 64.0, right = 24.0, top = 32.0, bottom = 56.0
    private static let radius = 5.0, lineHeight = 14.0, letterWidth = 6.6

    /// Points that are not finite are left out.
    public init(title: String, horizontalLabel: String, verticalLabel: String, points: [Point]) {
        self.title = title
        self.horizontalLabel = horizontalLabel
        self.verticalLabel = verticalLabel
        self.points = points.filter { LineChart.isDrawable($0.x) && LineChart.isDrawable($0.y) }
    }

    /// The drawing, one `<svg>` element.
    public func svg() -> String {
        let xs = points.map(\.x), ys = points.map(\.y)
        let horizontal = AxisScale.linear(xs.min() ?? 0, xs.max() ?? 1, count: 6, rounded: true)
        let vertical = AxisScale.linear(ys.min() ?? 0, ys.max() ?? 1, count: 5, rounded: true)
        func x(_ value: Double) -> Double {
            Self.left + horizontal.position(value) * (Self.width - Self.left - Self.right)
        }
        func y(_ value: Double) -> Double {
            Self.height - Self.bottom - vertical.position(value) * (Self.height - Self.top - Self.bottom)
        }
        let floor = Self.height - Self.bottom
        var svg = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
            aria-label="\(HTML.escape(title))"><style>\(Self.style)</style>
            <rect class="card" width="\(Int(Self.width))" height="\(Int(Self.height))"/>

            """
        for tick in vertical.ticks {
            svg += Self.line("grid", Self.left, y(tick), Self.width - Self.right, y(tick))
            svg += Self.text("tick", Self.left - 8, y(tick) + 4, "end", vertical.label(tick))
        }
        for tick in horizontal.ticks {
            svg += Self.line("grid", x(tick), Self.top, x(tick), floor)
            svg += Self.text("tick", x(tick), floor + 18, "middle", horizontal.label(tick))
        }
        svg += Self.text(
            "label", (Self.left + Self.width - Self.right) / 2, Self.height - 14, "middle", horizontalLabel)
        svg += Self.text("label", 12, 20, "start", verticalLabel)
        var labels: [String] = []
        for point in points where !labels.contains(point.label) { labels.append(point.label) }
        for point in points {
            let colour = (labels.firstIndex(of: point.label) ?? 0) % Self.palette.count
            svg += """
                <circle class="dot s\(colour)" cx="\(Self.coordinate(x(point.x)))" cy="\(Self.coordinate(y(point.y)))" \
                r="\(Int(Self.radius))"><title>\(HTML.escape(point.label))</title></circle>

                """
        }
        let discs = points.map { Box(around: x($0.x), y($0.y), Self.radius) }
        var taken = discs
        for label in labels {
            guard let point = points.first(where: { $0.label == label }) else { continue }
            let place = Self.place(label, x(point.x), y(point.y), avoiding: taken)
            taken.append(place.box)
            svg += Self.text("name", place.box.left, place.box.bottom - 3, "start", label)
        }
        return svg + "</svg>\n"
    }

    // MARK: Names that do not hide each other

    private struct Box {
        var left, top, right, bottom: Double

        init(left: Double, top: Double, right: Double, bottom: Double) {
            (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
        }
        init(around x: Double, _ y: Double, _ radius: Double) {
            self.init(left: x - radius, top: y - radius, right: x + radius, bottom: y + radius)
        }

        func overlap(_ other: Box) -> Double {
            max(0, min(right, other.right) - max(left, other.left))
                * max(0, min(bottom, other.bottom) - max(top, other.top))
        }
    }

    /// The first place around a point where a name hides nothing, or the one where it hides least.
    private static func place(
        _ label: String, _ x: Double, _ y: Double, avoiding taken: [Box]
    ) -> (box: Box, hidden: Double) {
        let width = letterWidth * Double(label.count), gap = radius + 3
        let lefts = [x + gap, x - gap - width, x - width / 2]
        let candidates = [0, 1, -1, 2, -2].flatMap { step in
            lefts.enumerated().compactMap { number, left -> Box? in
                // Right above or below the point, not on it.
                if number == 2 && step == 0 { return nil }
                let middle = y + Double(step) * lineHeight
                return Box(
                    left: left, top: middle - lineHeight / 2, right: left + width, bottom: middle + lineHeight / 2)
            }
        }
        let inside = candidates.filter { $0.left >= self.left - 40 && $0.right <= self.width && $0.top >= 0 }
        let costs = (inside.isEmpty ? candidates : inside).map { box in
            (box: box, hidden: taken.reduce(0) { $0 + $1.overlap(box) })
        }
        return costs.first { $0.hidden == 0 } ?? costs.min { $0.hidden < $1.hidden } ?? (candidates[0], 0)
    }

    // MARK: Elements

    private static func coordinate(_ value: Double) -> String {
        let tenths = Int((min(1e5, max(-1e5, value)) * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }

    private static func line(_ kind: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<path class=\"\(kind)\" d=\"M\(coordinate(x1)) \(coordinate(y1))L\(coordinate(x2)) \(coordinate(y2))\"/>\n"
    }

    private static func text(_ kind: String, _ x: Double, _ y: Double, _ anchor: String, _ content: String) -> String {
        """
        <text class="\(kind)" x="\(coordinate(x))" y="\(coordinate(y))" text-anchor="\(anchor)">\
        \(HTML.escape(content))</text>

        """
    }

    /// Okabe and Ito's, as on the report's pages.
    private static let palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#d99a00", "#4aa8dc"]
    private static let style =
        ".card{fill:#fff}text{font:13px system-ui,sans-serif;fill:#626973}.name{font-size:12px;fill:#1c1f24}"
        + ".label{font-weight:600}.grid{stroke:#ecece9;fill:none}.dot{stroke:#fff}"
        + palette.enumerated().map { ".s\($0){fill:\($1)}" }.joined()
}
