import Figures

/// The page as a whole: what was found, then how it came about, then what it rests on.
struct ReportPage {
    let runs: [Run]

    func html() -> String {
        let page = HTML.element(
            "html", ["lang": "en"],
            .element(
                "head", [:],
                .void("meta", ["charset": "utf-8"]),
                .void("meta", ["name": "viewport", "content": "width=device-width,initial-scale=1"]),
                // Even a flaw in this page could not make a browser load or run anything.
                .void(
                    "meta",
                    [
                        "http-equiv": "Content-Security-Policy",
                        "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
                    ]),
                .element("title", [:], "\(heading) – pag report"),
                .element("style", [:], .trusted(StyleSheet.text))),
            .element(
                "body", [:],
                .element(
                    "main", [:],
                    header, results, budgets, corruptions, certificates, ReportPictures(runs: runs).html(),
                    section("Training", Curves.training(runs).map { $0.figure() }), ReportDetails(runs: runs).html(),
                    .element("footer", [:], "Written by pag report; the page needs no network."))))
        return "<!DOCTYPE html>\n" + page.markup + "\n"
    }

    private var heading: String {
        switch runs.count {
        case 1: runs[0].name
        case 2: "\(runs[0].name) and \(runs[1].name)"
        case 3: "\(runs[0].name), \(runs[1].name) and \(runs[2].name)"
        default: "\(runs.count) runs compared"
        }
    }

    private var header: HTML {
        var parts: [HTML] = [
            .element(
                "p", ["class": "kind"],
                isOfPicturesAlone ? "Explanations" : hasClassifier ? "Robustness report" : "Denoiser report"),
            .element("h1", [:], "\(heading)"),
        ]
        if let finding = Finding(runs) {
            parts.append(.element("p", ["class": "finding"], "\(finding.sentence)"))
            let remarks = ["To keep an image is to classify it correctly whatever the attacks try."] + finding.remarks
            parts.append(.element("p", ["class": "muted"], "\(remarks.joined(separator: " "))"))
        }
        return .element("header", [:], parts + [alarms])
    }

    /// What puts the numbers in doubt comes before them.
    private var alarms: HTML {
        var lines: [HTML] = []
        for run in runs {
            let failed = (run.robustness?.checks ?? []).filter { !$0.isOK }
            var names: [String] = []
            for check in failed where !names.contains(check.name) { names.append(check.name) }
            if !failed.isEmpty {
                let verb = failed.count == 1 ? "check failed" : "checks failed"
                let list = names.map { name in
                    let norms = failed.filter { $0.name == name }.compactMap(\.norm).map(NumberText.norm)
                    return name + (norms.isEmpty ? "" : " (\(norms.joined(separator: ", ")))")
                }
                lines.append(
                    "\(run.name): \(verb): \(list.joined(separator: ", ")). The robust accuracy may be too high.")
            }
            let events = run.metrics?.events.filter(\.isAlarm) ?? []
            for event in events.prefix(3) {
                let place = event.step.map { " at step \(NumberText.short($0, digits: 9))" } ?? ""
                lines.append("\(run.name): \(event.name)\(place)\(event.message.isEmpty ? "" : ": ")\(event.message)")
            }
            if events.count > 3 { lines.append("\(run.name): \(events.count - 3) more such events") }
            let losses = run.metrics?.steps[.loss] ?? []
            let broken = losses.filter { !$0.y.isFinite }.count
            if broken > 0 {
                let share = "\(NumberText.grouped(broken)) of \(NumberText.grouped(losses.count)) steps"
                lines.append("\(run.name): the loss was not finite at \(share).")
            }
        }
        guard !lines.isEmpty else { return .empty }
        return .element(
            "div", ["class": "card alarm-card", "role": "note"], lines.map { .element("p", [:], $0) })
    }

    private var hasClassifier: Bool { runs.isEmpty || runs.contains { !$0.isDenoiser } }

    /// Whether the page is about explanations alone: pictures of networks that were neither trained nor evaluated here.
    private var isOfPicturesAlone: Bool {
        !runs.isEmpty
            && runs.allSatisfy { run in
                run.metrics == nil && run.robustness == nil && run.directory.corruptions == nil
                    && run.directory.certificates.isEmpty && !run.directory.pictures.isEmpty
            }
    }

    private var results: HTML {
        guard hasClassifier, !isOfPicturesAlone else { return .empty }
        var parts: [HTML] = [.element("h2", [:], "Accuracy")]
        // What is known of corrupted images stands in a section of its own.
        let tested = runs.contains { $0.directory.corruptions != nil } ? "attacked" : "evaluated"
        guard let table = ResultTable(runs: runs) else {
            parts.append(.element("p", ["class": "muted"], "No run has been \(tested) yet."))
            return .element("section", [:], parts)
        }
        parts.append(.element("div", ["class": "card"], table.html()))
        var notes: [String] = []
        let missing = runs.filter { $0.robustness == nil }
        if table.isOfMonitors {
            notes.append("No run has been \(tested) yet; these are the figures of training's own monitor.")
        } else {
            if !missing.isEmpty { notes.append("Not \(tested) yet: \(Self.list(missing)).") }
            let others = missing.filter { $0.directory.corruptions?.cleanAccuracy != nil }
            if !others.isEmpty {
                notes.append("Clean accuracy from the evaluation on corrupted images: \(Self.list(others)).")
            }
            if runs.contains(where: { ($0.robustness?.threats.count ?? 0) > 1 }) {
                notes.append(
                    "Union: images that withstand all attacks under all of the norms; average: the mean over the norms."
                )
            }
            notes += runs.flatMap(\.attackNotes)
            notes += others.compactMap { run in
                run.directory.corruptions?.inputNoise.map { "\(run.name): \(CorruptionTable.words(noise: $0))." }
            }
        }
        if let note = table.accuracyNote { notes.append(note) }
        if !notes.isEmpty { parts.append(.element("p", ["class": "muted"], "\(notes.joined(separator: " "))")) }
        return .element("section", [:], parts + [EvaluationNotes(runs: runs).html()])
    }

    private static func list(_ runs: [Run]) -> String { runs.map(\.name).joined(separator: ", ") }

    private var budgets: HTML {
        // Each chart's numbers stand beside it.
        section(
            "Robustness by budget", Curves.budgets(runs).flatMap { [$0.figure(), BudgetTable(chart: $0).figure()] })
    }

    private var corruptions: HTML {
        let title = "Corrupted images", tables = runs.compactMap { CorruptionTable($0) }
        let figures = tables.map { $0.figure() }
        guard tables.count > 1 else { return section(title, figures) }
        return section(
            title, [CorruptionComparison(tables).figure()],
            .disclosure("Accuracy at each severity, run by run", .element("div", ["class": "grid"], figures)))
    }

    private var certificates: HTML {
        let curves = CertificateCurves(runs)
        return section(
            "Certified robustness", curves.figures(),
            curves.notes.map { .element("p", ["class": "muted"], "\($0)") }.reduce(.empty, +))
    }

    private func section(_ title: String, _ figures: [HTML], _ notes: HTML = .empty) -> HTML {
        guard !figures.isEmpty else { return .empty }
        return .element(
            "section", [:],
            [.element("h2", [:], "\(title)"), .element("div", ["class": "grid"], figures), notes])
    }
}
