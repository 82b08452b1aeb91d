/// The report's first sentence, drawn from the evaluations alone.
struct Finding: Sendable {
    let sentence: String
    /// What weakens it, a sentence each.
    let remarks: [String]

    /// Nil unless the evaluated runs have robust accuracies under the same norm and budget, or the same norms and budgets
    /// together; of several runs at least two must have been evaluated.
    init?(_ runs: [Run]) {
        let evaluated = runs.filter { $0.robustness != nil }
        guard evaluated.count >= min(2, runs.count), let scope = Self.scope(evaluated.compactMap(\.robustness)) else {
            return nil
        }
        let entries = evaluated.compactMap { run in
            run.robustness?.accuracy(scope).map { (run: run, accuracy: $0) }
        }
        let best = entries.sorted { $0.accuracy > $1.accuracy }
        let radii = scope.threats.map { "\(NumberText.norm($0.norm)) radius \(NumberText.epsilon($0.epsilon))" }
        let place =
            "At "
            + (radii.count == 1
                ? radii[0] : "\(radii.dropLast().joined(separator: ", ")) and \(radii[radii.count - 1]) together")
        func share(_ entry: (run: Run, accuracy: Double)) -> String { NumberText.percent(entry.accuracy) }

        if let (aligned, vanilla) = Self.twins(entries) {
            sentence =
                "\(place) the aligned model keeps \(share(aligned)) of its test images, its vanilla twin "
                + "\(share(vanilla))."
        } else if best.count == 1 {
            let clean = best[0].run.robustness?.cleanAccuracy.map {
                "; without an attack it classifies \(NumberText.percent($0)) correctly"
            }
            sentence = "\(place) \(best[0].run.name) keeps \(share(best[0])) of its test images\(clean ?? "")."
        } else if best.count == 2 {
            sentence =
                "\(place) \(best[0].run.name) keeps \(share(best[0])) of its test images, \(best[1].run.name) "
                + "\(share(best[1]))."
        } else {
            let others = "the other \(best.count - 1) keep \(share(best[best.count - 1])) to \(share(best[1]))"
            sentence = "\(place) \(best[0].run.name) keeps the most of its test images, \(share(best[0])); \(others)."
        }
        remarks = Self.remarks(best, scope)
    }

    /// What accuracies of all the evaluations are known of: of the most norms that they share, together.
    private static func scope(_ results: [RobustnessFile]) -> RobustnessFile.Scope? {
        let shared = (results.first?.outcomes ?? []).map(\.scope).filter { scope in
            !scope.isMean && !scope.threats.isEmpty && results.allSatisfy { $0.accuracy(scope) != nil }
        }
        let most = shared.map(\.threats.count).max()
        return shared.first { $0.threats.count == most }
    }

    /// The aligned run and its vanilla twin, whose configuration differs in nothing but the loss.
    private static func twins(
        _ entries: [(run: Run, accuracy: Double)]
    ) -> (aligned: (run: Run, accuracy: Double), vanilla: (run: Run, accuracy: Double))? {
        guard entries.count == 2, let aligned = entries.first(where: { $0.run.isAligned == true }),
            let vanilla = entries.first(where: {
                $0.run.isAligned == false && $0.run.directory.configuration?.value("loss.kind") == "vanilla"
            }),
            let differences = ConfigurationText.differences(entries.compactMap { $0.run.directory.configuration }),
            differences.allSatisfy({ $0.path.hasPrefix("loss.") })
        else { return nil }
        return (aligned, vanilla)
    }

    private static func remarks(
        _ best: [(run: Run, accuracy: Double)], _ scope: RobustnessFile.Scope
    ) -> [String] {
        var remarks: [String] = []
        if best.count > 1 {
            let attacks = best.map { Set($0.run.robustness?.attacks(scope).map(\.kind) ?? []) }
            if attacks.contains(where: { $0 != attacks[0] }) {
                remarks.append("The runs were not put to the same attacks, so the numbers are not strictly comparable.")
            }
            if Set(best.map { $0.run.robustness?.dataset }).count > 1 {
                remarks.append("The runs were evaluated on different data.")
            }
            if Set(best.map { $0.run.robustness?.inputNoise }).count > 1 {
                remarks.append("The networks do not add the same noise to their images.")
            }
            if let first = best[0].run.robustness?.samples, let second = best[1].run.robustness?.samples,
                first > 0, second > 0
            {
                let variance =
                    best[0].accuracy * (1 - best[0].accuracy) / Double(first)
                    + best[1].accuracy * (1 - best[1].accuracy) / Double(second)
                if best[0].accuracy - best[1].accuracy <= 1.96 * variance.squareRoot() {
                    let lead = best.count == 2 ? "The difference" : "The lead over the second"
                    remarks.append("\(lead) is within chance for \(NumberText.grouped(min(first, second))) images.")
                }
            }
        }
        return remarks
    }
}
