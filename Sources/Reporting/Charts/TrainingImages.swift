import Figures

/// Which images the accuracy of a run's training is of: some losses put none through the network as they are.
enum TrainingImages {
    /// Whether the accuracy is that of perturbed images once more.
    static func arePerturbed(_ run: Run) -> Bool {
        guard let accuracy = run.metrics?.steps[.accuracy], let perturbed = run.metrics?.steps[.perturbedAccuracy]
        else {
            return false
        }
        return accuracy == perturbed
    }

    /// Says of which runs a chart of training accuracy does not show the images as they are; nil where it does of all.
    static func note(_ runs: [Run]) -> String? {
        let parts = runs.filter(arePerturbed).map { run -> String in
            let kind = run.directory.configuration?.value("loss.kind")
            let images =
                switch kind {
                case "gaussian-noise", "consistency": "images with noise"
                case "smooth-adversarial": "images with noise that an attack has moved"
                default: "images that an attack has perturbed"
                }
            return "\(run.name): of \(images)\(kind.map { ", as its loss \($0) sees them" } ?? "")."
        }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }
}
