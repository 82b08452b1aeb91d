/// What the accuracies under attack rest on: settings, attacks with the parts of cascades, checks.
struct EvaluationDetails {
    let runs: [Run]

    func html() -> HTML {
        let parts = runs.compactMap { run in run.robustness.map { details($0, of: run) } }
        return parts.isEmpty ? .empty : .element("h3", [:], "Provenance") + parts.reduce(.empty, +)
    }

    private func details(_ result: RobustnessFile, of run: Run) -> HTML {
        var facts: [String] = []
        if let model = result.model { facts.append("model \(model)") }
        if let dataset = result.dataset { facts.append("data \(dataset)") }
        if let samples = result.samples { facts.append("\(NumberText.grouped(samples)) images") }
        if let noise = result.inputNoise { facts.append("input noise \(NumberText.short(noise))") }
        if let search = result.search { facts.append("attacks on products of \(search)") }
        if let seed = result.seed { facts.append("seed \(seed)") }
        if let ranks = result.ranks { facts.append("\(ranks) rank\(ranks == 1 ? "" : "s")") }
        let passed = result.checks.count(where: \.isOK)
        let summary = result.checks.isEmpty ? "" : " – \(passed) of \(result.checks.count) checks passed"
        return .disclosure(
            "Evaluation of \(run.name)\(summary)",
            .element("p", ["class": "muted"], "\(facts.joined(separator: " · "))") + attacks(result) + checks(result))
    }

    private func attacks(_ result: RobustnessFile) -> HTML {
        guard !result.attacks.isEmpty else { return .empty }
        return .table(
            "text", ["attack", "settings", "accuracy", "time"],
            result.attacks.map { attack in
                let part = attack.kind.cascade.map { ", part of \($0)" } ?? ""
                let accuracy = NumberText.percent(attack.robustAccuracy)
                return [
                    "\(attack.kind.name)\(part)", "\(attack.kind.details.joined(separator: ", "))",
                    // Of images that the parts before have left.
                    "\(part.isEmpty ? "" : "left: ")\(accuracy)",
                    "\(attack.seconds.map { NumberText.duration(seconds: $0) } ?? NumberText.missing)",
                ]
            })
    }

    /// A row a check; where checks are of several norms a column for each.
    private func checks(_ result: RobustnessFile) -> HTML {
        guard !result.checks.isEmpty else { return .empty }
        var names: [String] = [], norms: [String] = []
        for check in result.checks {
            if !names.contains(check.name) { names.append(check.name) }
            if let norm = check.norm, !norms.contains(norm) { norms.append(norm) }
        }
        guard !norms.isEmpty else {
            return .table(
                "text", ["check", "outcome", "value"],
                result.checks.map { ["\($0.name)", outcome($0), "\($0.value)"] })
        }
        return .table(
            "text", ["check"] + norms.map { "\(NumberText.norm($0))" },
            names.map { name in
                ["\(name)"]
                    + norms.map { norm in
                        result.checks.first { $0.name == name && $0.norm == norm }
                            .map { outcome($0) + "\($0.value.isEmpty ? "" : ", ")\($0.value)" }
                            ?? "\(NumberText.missing)"
                    }
            })
    }

    private func outcome(_ check: RobustnessFile.Check) -> HTML {
        check.isOK
            ? .element("span", ["class": "passed"], "✓ passed") : .element("span", ["class": "failed"], "✗ failed")
    }
}
