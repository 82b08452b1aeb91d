import Failures
import Formats
import Training

/// A figure of a record by the name that pages call it.
///
/// `clean` is the accuracy of the first evaluation; the name of an evaluation is its robust accuracy, that of an
/// alignment the last checkpoint's cosine, and `NAME.FIGURE` another figure of it (`cosine_perturbed`,
/// `loss_gradient_norm`, `linearity_gap`). `cosine` is the alignment with the row's own targets, and `validation` and
/// `validation_robust` the accuracies, that the last epoch's monitor found on held-out images. `seconds` and `hours`
/// are of processor time in training.
struct StudyColumn {
    let name: String

    var isPercent: Bool {
        !["cosine", "seconds", "hours"].contains(name) && alignment == nil
    }
    /// Of an alignment: its name, and which figure of its checkpoints.
    private let alignment: (name: String, figure: String)?

    init(_ name: some StringProtocol, in records: [JSONValue]) {
        self.name = String(name)
        let parts = self.name.split(separator: ".", maxSplits: 1).map(String.init)
        let isOfAlignment = records.contains { $0["alignments"]?[parts.first ?? ""] != nil }
        alignment = isOfAlignment ? (parts[0], parts.count > 1 ? parts[1] : "cosine") : nil
    }

    /// Nil where the record has no such figure.
    func value(of record: JSONValue) -> Double? {
        let training = record["training"]
        func last(_ figure: String) -> Double? { training?[figure]?.arrayValue?.last?.doubleValue }
        switch name {
        case "clean": return record["evaluations"]?.members?.first?.value["clean_acc"]?.doubleValue
        case "cosine": return last("cosine")
        case "validation": return last("clean_acc")
        case "validation_robust": return last("robust_acc")
        case "seconds", "hours":
            let seconds = training?["processor_seconds"]?.arrayValue?.compactMap(\.doubleValue).reduce(0, +)
            return seconds.map { name == "hours" ? $0 / 3600 : $0 }
        default:
            guard let alignment else { return record["evaluations"]?[name]?["robust_acc"]?.doubleValue }
            return checkpoints(record, alignment.name).last?[alignment.figure]?.doubleValue
        }
    }

    /// After each epoch of which the record has the figure: what the monitor logs, and alignments of kept checkpoints.
    func byEpoch(_ record: JSONValue) -> [Int: Double] {
        var values: [Int: Double] = [:]
        if let alignment {
            for checkpoint in checkpoints(record, alignment.name) {
                guard let epoch = checkpoint["epoch"]?.intValue else { continue }
                values[epoch] = checkpoint[alignment.figure]?.doubleValue
            }
        } else {
            let figure = ["validation": "clean_acc", "validation_robust": "robust_acc"][name] ?? name
            for (place, value) in (record["training"]?[figure]?.arrayValue ?? []).enumerated() {
                values[place + 1] = value.doubleValue
            }
        }
        return values
    }

    private func checkpoints(_ record: JSONValue, _ alignment: String) -> [JSONValue] {
        record["alignments"]?[alignment]?["checkpoints"]?.arrayValue ?? []
    }

    /// Percent with one decimal, other figures with two.
    func text(_ value: Double) -> String { isPercent ? rounded(100 * value, 1) : rounded(value, 2) }
}
