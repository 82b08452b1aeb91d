import Figures

/// The charts of a report.
enum Curves {
    /// Robust accuracy over the attack's budget, a chart a norm. Clean accuracy is the budget zero.
    static func budgets(_ runs: [Run]) -> [LineChart] {
        var norms: [String] = []
        let curves = runs.flatMap(budgetCurves)
        for point in curves.flatMap(\.points) where !norms.contains(point.threat.norm) {
            norms.append(point.threat.norm)
        }
        return norms.map { norm in
            let shown = curves.filter { $0.points.contains { $0.threat.norm == norm } }
            // A curve's own part of its run's curves.
            let parts = shown.enumerated().map { place, curve in
                shown.prefix(place).count { $0.run.name == curve.run.name }
            }
            let series = zip(shown, parts).map { curve, part in
                var points = curve.points.filter { $0.threat.norm == norm }
                    .map { LineChart.Point(x: $0.threat.epsilon, y: $0.robustAccuracy) }
                if let clean = curve.run.robustness?.cleanAccuracy, !points.contains(where: { $0.x == 0 }) {
                    points.append(LineChart.Point(x: 0, y: clean))
                }
                let attack = curve.attack ?? "pgd", isUsual = curve.attack == nil && runs.count > 1
                let name = curve.run.attackedName
                let label = runs.count == 1 ? attack : isUsual ? name : "\(name), \(attack)"
                return LineChart.Series(
                    label: shown.count == 1 ? name : label, points: points,
                    colour: CurveStyle.part(part, of: curve.run, among: runs))
            }
            var noted: [Run] = []
            for curve in shown where !noted.contains(where: { $0.name == curve.run.name }) { noted.append(curve.run) }
            let notes = noted.flatMap(\.attackNotes)
            var marks: [LineChart.Mark] = []
            for threat in runs.flatMap({ $0.robustness?.threats ?? [] })
            where threat.norm == norm && !marks.contains(where: { $0.x == threat.epsilon }) {
                marks.append(
                    LineChart.Mark(x: threat.epsilon, label: "budget \(NumberText.epsilon(threat.epsilon))"))
            }
            return LineChart(
                title: "Accuracy under \(NumberText.norm(norm)) attack", horizontalLabel: "radius of the attack, ε",
                verticalScale: .fraction, series: series, marks: marks, countsHorizontally: false,
                hasLegend: series.count > 1, note: notes.isEmpty ? nil : notes.joined(separator: " "))
        }
    }

    private struct BudgetCurve {
        let run: Run
        /// Nil for the curve of a run of its own, under `pgd`.
        let attack: String?
        let points: [RobustnessFile.CurvePoint]
    }

    /// That of a run, and those of its attacks that measure distances.
    private static func budgetCurves(_ run: Run) -> [BudgetCurve] {
        let own = BudgetCurve(run: run, attack: nil, points: run.robustness?.curve ?? [])
        let others = (run.robustness?.attacks ?? []).map {
            BudgetCurve(run: run, attack: $0.kind.name, points: $0.curve)
        }
        return ([own] + others).filter { !$0.points.isEmpty }
    }

    /// What training and its monitor saw.
    static func training(_ runs: [Run]) -> [LineChart] {
        var charts = [steps(runs, .loss)] + DenoisingCurves.charts(runs)
        // A loss without a second part is the cross-entropy itself; a denoiser has none.
        if runs.contains(where: { $0.metrics?.steps[.crossEntropy] != $0.metrics?.steps[.loss] }) {
            charts.append(steps(runs, .crossEntropy))
        }
        charts.append(heldOut(runs, .heldOutError))
        charts += [Figure.regularisation, .alignment, .cosine, .accuracy].map { steps(runs, $0) }
        // Of nothing but perturbed images it would be the chart before this once more.
        if runs.contains(where: { $0.metrics?.steps[.perturbedAccuracy] != nil && !TrainingImages.arePerturbed($0) }) {
            charts.append(steps(runs, .perturbedAccuracy))
        }
        if runs.count == 1 {
            charts.append(heldOut(runs, .heldOutAccuracy, .heldOutRobustAccuracy, title: "Held-out accuracy"))
            charts.append(
                heldOut(runs, .heldOutCosine, .heldOutPerturbedCosine, title: "Held-out cosine to the targets"))
        } else {
            charts += [
                Figure.heldOutAccuracy, .heldOutRobustAccuracy, .heldOutCosine, .heldOutPerturbedCosine,
            ].map { heldOut(runs, $0) }
        }
        return charts.compactMap { $0 }
    }

    /// How the machine and the optimiser did.
    static func diagnostics(_ runs: [Run]) -> [LineChart] {
        [Figure.learningRate, .inputGradientNorm, .zeroGradients, .imagesPerSecond].compactMap { steps(runs, $0) }
    }

    private static func steps(_ runs: [Run], _ figure: Figure) -> LineChart? {
        let series = runs.compactMap { run -> LineChart.Series? in
            guard let points = run.metrics?.steps[figure], isShown(points, figure) else { return nil }
            return LineChart.Series(label: run.name, points: points, colour: run.colour)
        }
        return series.isEmpty
            ? nil
            : LineChart(
                title: figure.title, horizontalLabel: "step", verticalScale: LineChart.VerticalScale(figure.scale),
                series: series, marks: alarms(runs), hasLegend: runs.count > 1,
                note: [.accuracy, .perturbedAccuracy].contains(figure) ? TrainingImages.note(runs) : nil)
    }

    /// One figure, or one of clean images and one under attack, which need a title of their own.
    private static func heldOut(_ runs: [Run], _ figures: Figure..., title: String? = nil) -> LineChart? {
        var series: [LineChart.Series] = []
        for run in runs {
            for (i, figure) in figures.enumerated() {
                guard let points = run.metrics?.epochs[figure], isShown(points, figure) else { continue }
                let label = figures.count == 1 ? run.name : i == 0 ? "clean" : "under attack"
                series.append(LineChart.Series(label: label, points: points, colour: run.colour + i))
            }
        }
        return series.isEmpty
            ? nil
            : LineChart(
                title: title ?? figures[0].title, horizontalLabel: "epoch",
                verticalScale: LineChart.VerticalScale(figures[0].scale), series: series,
                hasLegend: runs.count > 1 || figures.count > 1)
    }

    /// Values that never are finite say that the quantity does not exist for the run; of the loss, that it failed.
    private static func isShown(_ points: [LineChart.Point], _ figure: Figure) -> Bool {
        !points.isEmpty && (figure == .loss || points.contains { $0.y.isFinite })
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

extension LineChart.VerticalScale {
    init(_ scale: Figure.Scale) {
        switch scale {
        case .fraction: self = .fraction
        case .fitted: self = .fitted
        case .fittedOrLogarithmic: self = .fittedOrLogarithmic
        }
    }
}
