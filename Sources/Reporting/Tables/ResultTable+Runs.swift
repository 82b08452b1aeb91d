import Figures

extension ResultTable {
    /// The table of the runs' evaluations: clean accuracy, each attack, and all attacks together. Clean accuracy is known
    /// from corrupted images' evaluation, too. When no run has been attacked it shows what the last epochs' monitors saw;
    /// nil when there is nothing of all that.
    init?(runs: [Run]) {
        if runs.contains(where: { $0.robustness != nil }) {
            self.init(evaluationsOf: runs)
        } else if let monitors = Self(monitorsOf: runs) {
            self = monitors
        } else if runs.contains(where: { $0.directory.corruptions?.cleanAccuracy != nil }) {
            self.init(evaluationsOf: runs)
        } else {
            return nil
        }
    }

    private init(evaluationsOf runs: [Run]) {
        let results = runs.compactMap(\.robustness)
        var kinds: [AttackResult.Kind] = []
        // A part of a cascade has no accuracy of its own: it was run on what the parts before it had left.
        for attack in results.flatMap(\.attacks) where attack.kind.cascade == nil && !kinds.contains(attack.kind) {
            kinds.append(attack.kind)
        }
        var scopes: [RobustnessFile.Scope] = []
        for outcome in results.flatMap(\.outcomes) where !scopes.contains(outcome.scope) {
            // With one attack, all attacks together say the same once more.
            let saysMore = results.contains { result in
                let attacks = result.attacks(outcome.scope)
                guard let accuracy = result.accuracy(outcome.scope) else { return false }
                return outcome.scope.isMean || attacks.count != 1 || attacks[0].robustAccuracy != accuracy
            }
            if saysMore { scopes.append(outcome.scope) }
        }
        // Attacks under several norms are many: what comes of them is read first.
        let several = scopes.filter { $0.threats.count > 1 }
        let isSummaryFirst = !several.isEmpty
        scopes = several + scopes.filter { $0.threats.count <= 1 }

        let attackColumns = kinds.map { Column(title: $0.name, details: $0.details) }
        let scopeColumns = scopes.map { Column(title: $0.title, details: $0.details) }
        let columns =
            [Column(title: "clean")]
            + (isSummaryFirst ? scopeColumns + attackColumns : attackColumns + scopeColumns)
        self.init(
            columns: columns,
            rows: runs.map { run in
                let result = run.robustness
                let attacks = kinds.map { kind in result?.attacks.first { $0.kind == kind }?.robustAccuracy }
                let together = scopes.map { result?.accuracy($0) }
                let corruptions = result == nil ? run.directory.corruptions : nil
                return Row(
                    name: run.attackedName,
                    accuracies: [result?.cleanAccuracy ?? corruptions?.cleanAccuracy]
                        + (isSummaryFirst ? together + attacks : attacks + together),
                    samples: result?.samples ?? corruptions?.cleanSamples, colour: run.colour)
            })
    }

    private init?(monitorsOf runs: [Run]) {
        func last(_ run: Run, _ figure: Figure) -> Double? {
            run.metrics?.epochs[figure]?.last { $0.y.isFinite }?.y
        }
        guard runs.contains(where: { last($0, .heldOutAccuracy) != nil || last($0, .heldOutRobustAccuracy) != nil })
        else {
            return nil
        }
        self.init(
            columns: ["clean", "robust"].map { Column(title: $0, details: ["held-out,", "last epoch"]) },
            rows: runs.map { run in
                Row(
                    name: run.name, accuracies: [last(run, .heldOutAccuracy), last(run, .heldOutRobustAccuracy)],
                    samples: nil,
                    colour: run.colour)
            }, isOfMonitors: true)
    }

    /// How far chance may have moved the accuracies; nil when the number of images is not known.
    var accuracyNote: String? {
        let known = rows.filter { $0.accuracies.contains { $0 != nil } }
        let counts = known.compactMap(\.samples).filter { $0 > 0 }
        guard let fewest = counts.min(), let most = counts.max(), counts.count == known.count else { return nil }
        let widest =
            known.flatMap { row in
                row.accuracies.compactMap { $0 }.map {
                    AccuracyInterval(accuracy: $0, samples: row.samples ?? fewest).halfWidth
                }
            }.max() ?? 0
        let images = (fewest == most ? [most] : [fewest, most]).map(NumberText.grouped).joined(separator: " to ")
        return "\(images) test images; 95\(NumberText.space)% intervals reach at most "
            + "±\(NumberText.fixed(100 * widest, places: 1)) points."
    }
}

extension RobustnessFile.Scope {
    fileprivate var title: String { isMean ? "average" : threats.count > 1 ? "union" : "all attacks" }

    fileprivate var details: [String] {
        threats.enumerated().map { place, threat in
            (threats.count > 1 && place == 0 ? "of " : "") + threat.text + (place + 1 < threats.count ? "," : "")
        }
    }
}
