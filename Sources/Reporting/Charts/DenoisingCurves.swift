import Figures

/// The charts of runs that train a denoiser: its error by noise level.
enum DenoisingCurves {
    private static let levels = Figure.errorByNoiseLevel

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
            let points = levels.enumerated().compactMap { level, figure -> LineChart.Point? in
                let values = (run.metrics?.steps[figure] ?? []).map(\.y).filter(\.isFinite)
                let last = values.suffix(max(1, values.count / 10))
                guard !last.isEmpty else { return nil }
                let place = (Double(level) + 0.5) / Double(levels.count)
                return LineChart.Point(x: place, y: last.reduce(0, +) / Double(last.count))
            }
            return LineChart.Series(label: run.name, points: points, colour: run.colour)
        }
        return LineChart(
            title: "Error by noise level, last tenth of training", horizontalLabel: "time step, as a part of all",
            verticalScale: .fittedOrLogarithmic, series: series, countsHorizontally: false, hasLegend: runs.count > 1)
    }

    private static func history(_ run: Run) -> LineChart {
        let series = stride(from: 0, to: levels.count, by: 2).enumerated().map { place, level in
            LineChart.Series(
                label: "time steps from \(level)/\(levels.count) to \(level + 1)/\(levels.count)",
                points: run.metrics?.steps[levels[level]] ?? [], colour: place)
        }
        return LineChart(
            title: "Error at four noise levels", horizontalLabel: "step", verticalScale: .fittedOrLogarithmic,
            series: series)
    }
}

extension Run {
    /// Whether this run trains a denoiser, which has no accuracy.
    var isDenoiser: Bool { Figure.errorByNoiseLevel.contains { metrics?.steps[$0] != nil } }
}
