import Glibc

/// A run of the report: a directory's contents under a short name.
struct Run: Sendable {
    let name: String
    /// Index into the palette: a run has one colour all over the page.
    let colour: Int
    let directory: RunDirectory

    var robustness: RobustnessResult? { directory.robustness }
    var metrics: TrainingMetrics? { directory.metrics }

    var swatch: HTML { LineChart.swatch(colour, isDashed: false) }

    /// Whether the loss of this run has an alignment part; nil when the configuration does not tell.
    var isAligned: Bool? {
        guard let configuration = directory.configuration, let kind = configuration.value("loss.kind") else {
            return nil
        }
        if kind == "pag" { return true }
        // The section stays in a vanilla run's file, unused, so that twins differ in one word.
        if kind == "vanilla" { return false }
        return configuration.value("loss.alignment.weight").map { Double($0) != 0 } ?? false
    }
}

/// The interval that holds an accuracy with 95 percent confidence (Wilson, JASA 22, 1927).
struct AccuracyInterval {
    let lower: Double
    let upper: Double

    var halfWidth: Double { (upper - lower) / 2 }

    init(accuracy: Double, samples: Int) {
        let n = Double(max(1, samples)), z = 1.96
        let centre = (accuracy + z * z / (2 * n)) / (1 + z * z / n)
        let reach = z / (1 + z * z / n) * (accuracy * (1 - accuracy) / n + z * z / (4 * n * n)).squareRoot()
        lower = max(0, centre - reach)
        upper = min(1, centre + reach)
    }
}
