/// Certified accuracy over the radius, of all runs that have certificates.
struct CertificateCurves {
    private let runs: [Run]
    private let certificates: [(run: Run, file: CertificateFile)]

    init(_ runs: [Run]) {
        self.runs = runs
        certificates = runs.flatMap { run in
            run.directory.certificates.filter { $0.samples > 0 }.map { (run, $0) }
        }
    }

    /// The curves and, beside them, what they are at quarters of the unit. Nothing where no run has a certificate.
    func figures() -> [HTML] {
        guard !certificates.isEmpty else { return [] }
        let last = certificates.map(\.file.end).max() ?? 0
        let denoised = certificates.filter { $0.file.denoiser != nil }.map { label($0.file, of: $0.run) }
        let series = runs.flatMap { run in
            certificates.filter { $0.run.name == run.name }.enumerated().map { place, certificate in
                LineChart.Series(
                    label: label(certificate.file, of: run), points: certificate.file.certifiedAccuracy(upTo: last),
                    colour: CurveStyle.part(place, of: run, among: runs), isStepped: true)
            }
        }
        let chart = LineChart(
            title: "Accuracy certified within an L2 radius", horizontalLabel: "radius", verticalScale: .fraction,
            series: series, countsHorizontally: false, hasLegend: certificates.count > 1 || runs.count > 1,
            note: denoised.isEmpty
                ? nil : "Of a denoiser and the network after it: \(denoised.joined(separator: "; ")).")
        // A file may claim any radius.
        let distance = (last / CertificateFile.tableDistance / Double(BudgetTable.mostRows)).rounded(.up)
        let radii = (0..<BudgetTable.mostRows).map { Double($0) * max(1, distance) * CertificateFile.tableDistance }
            .filter { $0 < last }
        return [chart.figure(), BudgetTable(chart: chart, budgets: radii).figure()]
    }

    /// Names as little as tells it from the others, and what is special about it.
    private func label(_ file: CertificateFile, of run: Run) -> String {
        let others = certificates.filter { $0.run.name == run.name && $0.file.folder != file.folder }.map(\.file)
        var parts = runs.count == 1 ? [] : [run.name]
        if runs.count == 1 || Set(certificates.map(\.file.sigma)).count > 1 || !others.isEmpty {
            parts.append("σ \(NumberText.short(file.sigma))")
        }
        parts += file.specialities
        if others.contains(where: { $0.sigma == file.sigma && $0.specialities == file.specialities }) {
            parts.append(file.folder)
        }
        return parts.joined(separator: ", ")
    }

    /// What the radii rest on, a sentence a certificate.
    var notes: [String] {
        certificates.map { run, file in
            var facts = ["noise of deviation \(NumberText.short(file.sigma))"]
            if let draws = file.draws { facts.append("\(NumberText.grouped(draws)) draws an image") }
            facts.append("\(NumberText.grouped(file.samples)) test images")
            if let denoiser = file.denoiser {
                let time = denoiser.time.map { " at its time step \(NumberText.grouped($0))" } ?? ""
                let name = denoiser.model.map { " \($0)" } ?? ""
                facts.append("each draw went through the denoiser\(name)\(time)")
            }
            if let products = file.products { facts.append("products of \(products)") }
            if file.isAveraged { facts.append("averaged parameters (EMA)") }
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
