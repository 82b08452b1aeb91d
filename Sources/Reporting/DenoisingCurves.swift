/// The charts of runs that train a denoiser: its error by noise level.
enum DenoisingCurves {
    /// The time steps in so many equal ranges, the least noise first, as training logs them.
    static let levels = 8
    static func field(_ level: Int) -> String { "error_level_\(level + 1)" }

    static func charts(_ runs: [Run]) -> [LineChart] {
        let denoisers = runs.filter(\.isDenoiser)
        guard !denoisers.isEmpty else { return [] }
        var charts = [profile(denoisers)]
        if denoisers.count == 1 { charts.append(history(denoisers[0])) }
        return charts
    }

    /// What the last part of training left.
    private static func profile(_ runs: [Run]) -> LineChart {
        let series = runs.map { run in
            let points = (0..<levels).compactMap { level -> LineChart.Point? in
                let values = (run.metrics?.steps[field(level)] ?? []).map(\.y).filter(\.isFinite)
                let last = values.suffix(max(1, values.count / 10))
                guard !last.isEmpty else { return nil }
                let place = (Double(level) + 0.5) / Double(levels)
                return LineChart.Point(x: place, y: last.reduce(0, +) / Double(last.count))
            }
            return LineChart.Series(label: run.name, points: points, colour: run.colour)
        }
        return LineChart(
            title: "Error by noise level, last tenth of training", horizontalLabel: "time step, as a part of all",
            verticalScale: .fittedOrLogarithmic, series: series, countsHorizontally: false, hasLegend: runs.count > 1)
    }

    private static func history(_ run: Run) -> LineChart {
        let series = stride(from: 0, to: levels, by: 2).enumerated().map { place, level in
            LineChart.Series(
                label: "time steps from \(level)/\(levels) to \(level + 1)/\(levels)",
                points: run.metrics?.steps[field(level)] ?? [], colour: place)
        }
        return LineChart(
            title: "Error at four noise levels", horizontalLabel: "step", verticalScale: .fittedOrLogarithmic,
            series: series)
    }
}

extension Run {
    /// Whether this run trains a denoiser, which has no accuracy.
    var isDenoiser: Bool { (0..<DenoisingCurves.levels).contains { metrics?.steps[DenoisingCurves.field($0)] != nil } }
}
