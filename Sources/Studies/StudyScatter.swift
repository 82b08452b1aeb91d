import Failures
import Formats
import Reporting
import Training

/// One figure of all runs, or of all their epochs, against another: a picture, and a sentence on their rank
/// correlation.
struct StudyScatter {
    let svg: String
    let sentence: String

    /// Nil where fewer than two records have both figures.
    /// - Parameter overEpochs: a point for every epoch that has both, in place of one for a run.
    init?(_ records: [JSONValue], _ x: StudyColumn, _ y: StudyColumn, overEpochs: Bool) {
        let runs = records.map { record in
            Self.pairs(record, x, y, overEpochs: overEpochs).map { horizontal, vertical in
                ScatterChart.Point(
                    x: x.isPercent ? 100 * horizontal : horizontal, y: y.isPercent ? 100 * vertical : vertical,
                    label: record["title"]?.stringValue ?? "")
            }
        }
        let points = runs.flatMap(\.self)
        guard points.count > 1 else { return nil }
        svg = ScatterChart(
            title: "\(y.name) against \(x.name)", horizontalLabel: Self.label(x), verticalLabel: Self.label(y),
            points: points
        ).svg()
        let count = runs.count { !$0.isEmpty }
        let what = overEpochs ? "\(points.count) epochs of \(count) runs" : "\(count) runs"
        guard let correlation = RankCorrelation(points.map(\.x), points.map(\.y)) else {
            sentence = "\(what), too few for a rank correlation."
            return
        }
        func text(_ value: Double) -> String { rounded(value, 2) }
        // Epochs of one run are no independent draws, so nothing is said of how far chance would move their
        // correlation.
        let interval =
            overEpochs
            ? nil
            : correlation.interval.map {
                " (95 % interval \(text($0.lowerBound)) to \(text($0.upperBound)))"
            }
        sentence = "Spearman's rank correlation over \(what): \(text(correlation.coefficient))" + (interval ?? "") + "."
    }

    private static func pairs(
        _ record: JSONValue, _ x: StudyColumn, _ y: StudyColumn, overEpochs: Bool
    ) -> [(Double, Double)] {
        if overEpochs {
            let vertical = y.byEpoch(record)
            return x.byEpoch(record).sorted { $0.key < $1.key }.compactMap { epoch, value in
                vertical[epoch].map { (value, $0) }
            }
        }
        guard let horizontal = x.value(of: record), let vertical = y.value(of: record) else { return [] }
        return [(horizontal, vertical)]
    }

    private static func label(_ column: StudyColumn) -> String { column.name + (column.isPercent ? ", %" : "") }
}
