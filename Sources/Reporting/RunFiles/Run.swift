/// A run of the report: a directory's contents under a short name.
struct Run: Sendable {
    let name: String
    /// Index into the palette: a run has one colour all over the page.
    let colour: Int
    let directory: RunDirectory

    var robustness: RobustnessFile? { directory.robustness }
    var metrics: TrainingMetrics? { directory.metrics }

    var swatch: HTML { LineChart.swatch(colour) }

    /// Tells what was attacked from a network that adds no noise to its images.
    var attackedName: String {
        name + (robustness?.inputNoise.map { ", input noise \(NumberText.short($0))" } ?? "")
    }

    /// What an accuracy under attack is of where the network adds noise to its images; nil where it does not.
    private var noiseNote: String? {
        robustness?.inputNoise.map {
            "\(name) was evaluated with noise of deviation \(NumberText.short($0)) on its images, in every pass of the network."
        }
    }

    /// What has to be said of accuracies under attack.
    var attackNotes: [String] {
        let search = robustness?.search.map {
            "\(name): attacks searched on products of \($0); what they found was judged in float32."
        }
        return [noiseNote, search].compactMap { $0 }
    }

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
