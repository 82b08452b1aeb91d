import Reporting
import Testing

@Suite struct LineChartTests {
    private typealias Point = LineChart.Point

    private func chart(_ points: [LineChart.Point], _ scale: LineChart.VerticalScale = .fitted) -> String {
        LineChart(
            title: "t", horizontalLabel: "x", verticalScale: scale,
            series: [LineChart.Series(label: "curve", points: points, colour: 0)]
        ).svg()
    }

    @Test func linesAndTicks() {
        let svg = chart([Point(x: 0, y: 0), Point(x: 10, y: 4)])
        #expect(svg.contains(#"<path class="line s0" d="M56 252L504 24"/>"#))
        for label in [">0<", ">2<", ">4<", ">10<"] { #expect(svg.contains(label), "\(label)") }
        #expect(svg.contains("curve: 4 at 10</title>"))
    }

    @Test func theOrderOfPointsDoesNotMatter() {
        let points = [Point(x: 0, y: 0), Point(x: 5, y: 3), Point(x: 10, y: 4)]
        #expect(chart(points) == chart(points.reversed()))
    }

    @Test func aSinglePointIsADot() {
        let svg = chart([Point(x: 3, y: 2)])
        #expect(svg.count(of: "<circle") == 1 && !svg.contains("class=\"line"))
    }

    @Test func valuesThatAreNotFiniteAreGaps() {
        let values: [Double] = [1, 2, .nan, .infinity, 3, 4]
        let svg = chart(values.enumerated().map { Point(x: Double($0), y: $1) })
        #expect(svg.count(of: "class=\"line") == 2 && svg.count(of: "class=\"cross") == 2)
        #expect(!svg.contains("nan") && !svg.contains("inf\""))
        #expect(chart([Point(x: 0, y: .nan)]).contains("no finite values"))
    }

    @Test func longCurvesKeepTheirExtremes() {
        var points = (0..<100_000).map { Point(x: Double($0), y: 1) }
        points[51_234] = Point(x: 51_234, y: 5)
        points[70_000] = Point(x: 70_000, y: -3)
        let svg = chart(points)
        #expect(svg.utf8.count < 20_000)
        // 5 and -3 lie within an axis from -4 to 6, whose ends are at 252 and 24.
        let band = svg.split(separator: "<").first { $0.contains("class=\"band") } ?? ""
        #expect(band.contains(" 46.8L") && band.contains(" 229.2L"))
    }

    @Test func fewHighValuesMakeTheAxisLogarithmic() {
        var points = (0..<100).map { Point(x: Double($0), y: 0.5) }
        #expect(chart(points, .fittedOrLogarithmic) == chart(points))
        points[10] = Point(x: 10, y: 1000)
        let svg = chart(points, .fittedOrLogarithmic)
        #expect(svg.contains(">10<") && svg.contains(">100<") && svg.contains(">1,000<"))
        points[11] = Point(x: 11, y: -1)
        #expect(chart(points, .fittedOrLogarithmic) == chart(points))
    }

    @Test func accuraciesHaveAFixedAxis() {
        let svg = chart([Point(x: 0, y: 0.5), Point(x: 1, y: 0.5)], .fraction)
        #expect(svg.contains("d=\"M56 138L504 138\"") && svg.withPlainSpaces.contains(">75 %<"))
    }

    @Test func seriesBeyondThePaletteAreDashed() {
        let series = (0..<8).map {
            LineChart.Series(label: "\($0)", points: [Point(x: 0, y: 0), Point(x: 1, y: Double($0))], colour: $0)
        }
        let svg = LineChart(title: "t", horizontalLabel: "x", series: series).svg()
        #expect(svg.contains("\"line s0\"") && svg.contains("\"line s0 dashed\"") && svg.contains("\"line s1 dashed\""))
    }

    /// Dots on some curves would look like a meaning.
    @Test func dotsAreOnAllCurvesOrNone() {
        func dots(_ counts: Int...) -> Int {
            let series = counts.map { count in
                LineChart.Series(
                    label: "", points: (0..<count).map { Point(x: Double($0), y: Double($0)) }, colour: 0)
            }
            return LineChart(title: "t", horizontalLabel: "x", series: series).svg().count(of: "<circle")
        }
        #expect(dots(3, 25) == 28)
        #expect(dots(3, 26) == 0)
        // What no line shows is a dot all the same.
        #expect(dots(1, 26) == 1)
    }

    @Test(
        arguments: [
            [0, 0], [1e300, -1e300], [1e29, -1e29], [.leastNonzeroMagnitude, .leastNormalMagnitude],
            [1e-31, 1], [1, 1 + 1e-15], [-0.0, 0],
            [1e15, 1e15 + 1], [.greatestFiniteMagnitude, 1], [1e-29, 1e29], [-1e-300, 1e-300],
        ] as [[Double]])
    func extremeValues(values: [Double]) {
        for scale in [LineChart.VerticalScale.fitted, .fittedOrLogarithmic, .fraction] {
            let across = chart(values.enumerated().map { Point(x: Double($0), y: $1) }, scale)
            let along = chart(values.map { Point(x: $0, y: 1) }, scale)
            for svg in [across, along] {
                #expect(svg.hasSuffix("</svg>") && !svg.contains("nan") && !svg.contains("inf"))
                #expect(svg.count(of: "<text") < 60)
            }
        }
    }

    @Test func withoutAnything() {
        #expect(LineChart(title: "t", horizontalLabel: "x", series: []).svg().contains("no finite values"))
    }
}
