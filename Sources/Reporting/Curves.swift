/// The charts of a report.
enum Curves {
    /// Robust accuracy over the attack's budget, a chart a norm. Clean accuracy is the budget zero.
    static func budgets(_ runs: [Run]) -> [LineChart] {
        var norms: [String] = []
        for point in runs.flatMap({ $0.robustness?.curve ?? [] }) where !norms.contains(point.threat.norm) {
            norms.append(point.threat.norm)
        }
        return norms.map { norm in
            let series = runs.compactMap { run -> LineChart.Series? in
                let curve = (run.robustness?.curve ?? []).filter { $0.threat.norm == norm }
                guard !curve.isEmpty else { return nil }
                var points = curve.map { LineChart.Point(x: $0.threat.epsilon, y: $0.robustAccuracy) }
                if let clean = run.robustness?.cleanAccuracy, !points.contains(where: { $0.x == 0 }) {
                    points.append(LineChart.Point(x: 0, y: clean))
                }
                return LineChart.Series(label: run.name, points: points, colour: run.colour)
            }
            var marks: [LineChart.Mark] = []
            for threat in runs.compactMap({ $0.robustness?.threat })
            where threat.norm == norm && !marks.contains(where: { $0.x == threat.epsilon }) {
                marks.append(
                    LineChart.Mark(x: threat.epsilon, label: "budget \(NumberText.epsilon(threat.epsilon))"))
            }
            return LineChart(
                title: "Accuracy under \(NumberText.norm(norm)) attack", horizontalLabel: "radius of the attack, ε",
                verticalScale: .fraction, series: series, marks: marks, countsHorizontally: false,
                hasLegend: runs.count > 1)
        }
    }

    /// What training and its monitor saw.
    static func training(_ runs: [Run]) -> [LineChart] {
        var charts = [steps(runs, "loss", "Training loss", .fittedOrLogarithmic)] + DenoisingCurves.charts(runs)
        // A loss without a second part is the cross-entropy itself; a denoiser has none.
        if runs.contains(where: { $0.metrics?.steps["ce"] != $0.metrics?.steps["loss"] }) {
            charts.append(steps(runs, "ce", "Cross-entropy", .fittedOrLogarithmic))
        }
        charts.append(monitor(runs, ["loss"], "Held-out error", scale: .fittedOrLogarithmic))
        charts.append(steps(runs, "regularisation", "Regularisation", .fittedOrLogarithmic))
        charts.append(steps(runs, "alignment", "Alignment loss", .fittedOrLogarithmic))
        charts.append(steps(runs, "cosine", "Cosine between gradients and targets", .fitted))
        charts.append(steps(runs, "train_acc", "Training accuracy", .fraction))
        // A loss of nothing but perturbed images has no other accuracy.
        if runs.contains(where: { $0.metrics?.steps["perturbed_acc"] != $0.metrics?.steps["train_acc"] }) {
            charts.append(steps(runs, "perturbed_acc", "Training accuracy on perturbed images", .fraction))
        }
        if runs.count == 1 {
            charts.append(monitor(runs, ["clean_acc", "robust_acc"], "Held-out accuracy"))
            charts.append(
                monitor(runs, ["cosine", "cosine_perturbed"], "Held-out cosine to the targets", scale: .fitted))
        } else {
            charts.append(monitor(runs, ["clean_acc"], "Held-out accuracy, clean"))
            charts.append(monitor(runs, ["robust_acc"], "Held-out accuracy under attack"))
            charts.append(monitor(runs, ["cosine"], "Held-out cosine to the targets, clean", scale: .fitted))
            charts.append(
                monitor(runs, ["cosine_perturbed"], "Held-out cosine to the targets under attack", scale: .fitted))
        }
        return charts.compactMap { $0 }
    }

    /// How the machine and the optimiser did.
    static func diagnostics(_ runs: [Run]) -> [LineChart] {
        [
            steps(runs, "lr", "Learning rate", .fittedOrLogarithmic),
            steps(runs, "gradient_norm", "Gradient norm", .fittedOrLogarithmic),
            steps(runs, "zero_gradients", "Images with a vanished gradient", .fitted),
            steps(runs, "images_per_s", "Images per second", .fitted),
        ].compactMap { $0 }
    }

    private static func steps(
        _ runs: [Run], _ field: String, _ title: String, _ scale: LineChart.VerticalScale
    ) -> LineChart? {
        let series = runs.compactMap { run -> LineChart.Series? in
            guard let points = run.metrics?.steps[field], isShown(points, field) else { return nil }
            return LineChart.Series(label: run.name, points: points, colour: run.colour)
        }
        return series.isEmpty
            ? nil
            : LineChart(
                title: title, horizontalLabel: "step", verticalScale: scale, series: series, marks: alarms(runs),
                hasLegend: runs.count > 1)
    }

    private static func monitor(
        _ runs: [Run], _ fields: [String], _ title: String, scale: LineChart.VerticalScale = .fraction
    ) -> LineChart? {
        var series: [LineChart.Series] = []
        for run in runs {
            for (i, field) in fields.enumerated() {
                guard let points = run.metrics?.epochs[field], isShown(points, field) else { continue }
                let label = fields.count == 1 ? run.name : i == 0 ? "clean" : "under attack"
                series.append(LineChart.Series(label: label, points: points, colour: run.colour + i))
            }
        }
        return series.isEmpty
            ? nil
            : LineChart(
                title: title, horizontalLabel: "epoch", verticalScale: scale, series: series,
                hasLegend: runs.count > 1 || fields.count > 1)
    }

    /// Values that never are finite say that the quantity does not exist for the run; of the loss, that it failed.
    private static func isShown(_ points: [LineChart.Point], _ field: String) -> Bool {
        !points.isEmpty && (field == "loss" || points.contains { $0.y.isFinite })
    }

    private static func alarms(_ runs: [Run]) -> [LineChart.Mark] {
        let marks = runs.flatMap { run in
            (run.metrics?.events ?? []).compactMap { event in
                event.isAlarm ? event.step.map { LineChart.Mark(x: $0, label: event.name, isAlarm: true) } : nil
            }
        }
        // Labels of more would cover each other.
        return Array(marks.prefix(3))
    }
}
