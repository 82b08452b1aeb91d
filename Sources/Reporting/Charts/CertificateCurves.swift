/// Certified accuracy over the radius, of all runs that have certificates.
struct CertificateCurves {
    private let certificates: [(run: Run, file: CertificateFile)]

    init(_ runs: [Run]) {
        certificates = runs.flatMap { run in
            run.directory.certificates.filter { $0.samples > 0 }.map { (run, $0) }
        }
    }

    /// The curves and, beside them, what they are at quarters of the unit. Nothing where no run has a certificate.
    func figures() -> [HTML] {
        guard !certificates.isEmpty else { return [] }
        let runs = Set(certificates.map(\.run.name))
        let last = certificates.map(\.file.end).max() ?? 0
        let chart = LineChart(
            title: "Accuracy certified within an L2 radius", horizontalLabel: "radius", verticalScale: .fraction,
            series: certificates.enumerated().map { place, certificate in
                LineChart.Series(
                    label: label(certificate.file, of: certificate.run),
                    points: certificate.file.certifiedAccuracy(upTo: last),
                    // One run's certificates are told apart by colours, else the colours are the runs'.
                    colour: runs.count == certificates.count ? certificate.run.colour : place, isStepped: true)
            }, countsHorizontally: false, hasLegend: certificates.count > 1)
        // A file may claim any radius.
        let distance = (last / CertificateFile.tableDistance / Double(BudgetTable.mostRows)).rounded(.up)
        let radii = (0..<BudgetTable.mostRows).map { Double($0) * max(1, distance) * CertificateFile.tableDistance }
            .filter { $0 < last }
        return [chart.figure(), BudgetTable(chart: chart, budgets: radii).figure()]
    }

    /// Names as little as tells it from the others.
    private func label(_ file: CertificateFile, of run: Run) -> String {
        let others = certificates.filter { $0.run.name == run.name && $0.file.folder != file.folder }.map(\.file)
        let isAlone = others.count == certificates.count - 1
        var parts = isAlone ? [] : [run.name]
        if isAlone || !others.isEmpty { parts.append("σ \(NumberText.short(file.sigma))") }
        if others.contains(where: { $0.sigma == file.sigma }) { parts.append(file.folder) }
        return parts.joined(separator: ", ")
    }

    /// What the radii rest on, a sentence a certificate.
    var notes: [String] {
        certificates.map { run, file in
            var facts = ["noise of deviation \(NumberText.short(file.sigma))"]
            if let draws = file.draws { facts.append("\(NumberText.grouped(draws)) draws an image") }
            facts.append("\(NumberText.grouped(file.samples)) test images")
            let share = NumberText.percent(Double(file.abstained) / Double(file.samples))
            let chance = file.alpha.map { "; a radius is wrong with a chance of \(NumberText.short($0)) at most" } ?? ""
            let attack = file.attack.map { found in
                let attacked = NumberText.grouped(found.attacked)
                return
                    " An attack within the radii has changed the class of \(NumberText.grouped(found.broken)) of \(attacked)."
            }
            let name = certificates.count == 1 ? run.name : label(file, of: run)
            return "\(name): \(facts.joined(separator: ", "))\(chance); \(share) without a certified class."
                + (attack ?? "")
        }
    }
}
