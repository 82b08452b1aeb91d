import Figures

/// What the numbers rest on: facts of the training, checks of the evaluation, configurations, events.
struct ReportDetails {
    let runs: [Run]

    func html() -> HTML {
        let parts =
            [facts, differences, alignment, EvaluationDetails(runs: runs).html(), diagnostics] + runs.map(configuration)
            + runs.map(events)
        guard parts.contains(where: { !$0.markup.isEmpty }) else { return .empty }
        return .element("section", [:], [.element("h2", [:], "Details")] + parts)
    }

    private var facts: HTML {
        let rows = runs.compactMap { run -> [HTML]? in
            guard let metrics = run.metrics else { return nil }
            func median(_ figure: Figure) -> String {
                let values = (metrics.steps[figure] ?? []).map(\.y).filter(\.isFinite).sorted()
                return values.isEmpty ? NumberText.missing : NumberText.short(values[values.count / 2], digits: 3)
            }
            let seconds = (metrics.epochs[.seconds] ?? []).map(\.y).filter(\.isFinite)
            func points(_ figure: Figure) -> [LineChart.Point] { (metrics.epochs[figure] ?? []).filter(\.y.isFinite) }
            // Of a denoiser the least error.
            let best =
                points(.heldOutRobustAccuracy).max { $0.y < $1.y }.map { ($0.x, NumberText.percent($0.y)) }
                ?? points(.heldOutError).min { $0.y < $1.y }.map { ($0.x, "error " + NumberText.short($0.y)) }
            let loss = metrics.steps[.loss]?.last.map { NumberText.short($0.y) } ?? NumberText.missing
            return [
                run.swatch + .element("span", [:], "\(run.name)"),
                "\(metrics.lastStep.map { NumberText.short($0, digits: 12) } ?? NumberText.missing)",
                "\(metrics.lastEpoch.map { NumberText.short($0, digits: 6) } ?? NumberText.missing)",
                "\(seconds.isEmpty ? NumberText.missing : NumberText.duration(seconds: seconds.reduce(0, +)))",
                "\(median(.imagesPerSecond))", "\(loss)",
                "\(best.map { "\($1) (epoch \(NumberText.short($0)))" } ?? NumberText.missing)",
            ]
        }
        guard !rows.isEmpty else { return .empty }
        return .element("h3", [:], "Training at a glance")
            + .element(
                "div", ["class": "card"],
                .table(
                    "facts",
                    ["run", "steps", "last epoch", "time", "images/s, median", "last loss", "best held-out"],
                    rows))
    }

    private var differences: HTML {
        let configured = runs.filter { $0.directory.configuration != nil }
        guard configured.count > 1,
            let differences = ConfigurationText.differences(configured.compactMap(\.directory.configuration))
        else { return .empty }
        let heading = HTML.element("h3", [:], "What differs in the configurations")
        guard !differences.isEmpty else {
            return heading + .element("p", ["class": "muted"], "Nothing: the configurations are the same.")
        }
        return heading
            + .element(
                "div", ["class": "card"],
                .table(
                    "text", ["setting"] + configured.map { $0.swatch + "\($0.name)" },
                    differences.map { difference in
                        ["\(difference.path)"] + difference.values.map { "\($0 ?? NumberText.missing)" }
                    }))
    }

    /// Cosines by class, clean and under attack, as the last epoch's monitor saw them.
    private var alignment: HTML {
        let measured = runs.filter { $0.metrics?.classes[.heldOutCosineByClass] != nil }
        guard !measured.isEmpty else { return .empty }
        var classes: [String] = []
        for (name, _) in measured.flatMap({ $0.metrics?.classes[.heldOutCosineByClass] ?? [] })
        where !classes.contains(name) { classes.append(name) }
        let rows = classes.map { name -> [HTML] in
            [.element("span", [:], "\(name)")]
                + measured.flatMap { run in
                    Figure.ofClasses.map { figure in
                        let value = run.metrics?.classes[figure]?.first { $0.name == name }?.value
                        return "\(value.map { NumberText.fixed($0, places: 3) } ?? NumberText.missing)"
                    }
                }
        }
        let headings = measured.flatMap { run -> [HTML] in
            ["clean", "under attack"].map { run.swatch + .element("span", [:], "\(run.name), \($0)") }
        }
        return .disclosure(
            "Cosine of input gradients to held-out target gradients, by class",
            .table("facts", ["target class"] + headings, rows))
    }

    private var diagnostics: HTML {
        let charts = Curves.diagnostics(runs)
        guard !charts.isEmpty else { return .empty }
        return .disclosure("Diagnostics", .element("div", ["class": "grid"], charts.map { $0.figure() }))
    }

    private func configuration(_ run: Run) -> HTML {
        guard let configuration = run.directory.configuration else { return .empty }
        return .disclosure("Configuration of \(run.name)", .element("pre", [:], "\(configuration.text)"))
    }

    private func events(_ run: Run) -> HTML {
        guard let metrics = run.metrics, !metrics.events.isEmpty || metrics.linesCutShort > 0 else { return .empty }
        let shown = metrics.events.suffix(100)
        let rows = shown.map { event -> [HTML] in
            [
                event.isAlarm ? .element("span", ["class": "failed"], "\(event.name)") : "\(event.name)",
                "\(event.step.map { NumberText.short($0, digits: 12) } ?? NumberText.missing)", "\(event.message)",
            ]
        }
        var notes: [String] = []
        if shown.count < metrics.events.count { notes.append("The last \(shown.count) of \(metrics.events.count).") }
        if metrics.linesCutShort > 0 {
            notes.append("Lines of metrics.jsonl that were cut short and left out: \(metrics.linesCutShort).")
        }
        return .disclosure(
            "Events of \(run.name)",
            (rows.isEmpty ? .empty : .table("text", ["event", "step", "message"], rows))
                + (notes.isEmpty ? .empty : .element("p", ["class": "muted"], "\(notes.joined(separator: " "))")))
    }
}
