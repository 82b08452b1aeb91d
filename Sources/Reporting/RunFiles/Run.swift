/// A run of the report: a directory's contents under a short name.
struct Run: Sendable {
    let name: String
    /// Index into the palette: a run has one colour all over the page.
    let colour: Int
    let directory: RunDirectory

    var robustness: RobustnessFile? { directory.robustness }
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
