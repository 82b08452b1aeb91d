import Failures
import Formats

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
        !["cosine", "seconds", "hours"].contains(name) && !isOfAlignment
    }
    private let isOfAlignment: Bool

    init(_ name: some StringProtocol, in records: [JSONValue]) {
        self.name = String(name)
        let parts = name.split(separator: ".", maxSplits: 1)
        isOfAlignment = records.contains { $0["alignments"]?[String(parts.first ?? "")] != nil }
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
            guard isOfAlignment else { return record["evaluations"]?[name]?["robust_acc"]?.doubleValue }
            let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
            let checkpoint = record["alignments"]?[parts[0]]?["checkpoints"]?.arrayValue?.last
            return checkpoint?[parts.count > 1 ? parts[1] : "cosine"]?.doubleValue
        }
    }

    /// After each epoch of which the record has the figure: what the monitor logs, and alignments of kept checkpoints.
    func byEpoch(_ record: JSONValue) -> [Int: Double] {
        var values: [Int: Double] = [:]
        if isOfAlignment {
            let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
            for checkpoint in record["alignments"]?[parts[0]]?["checkpoints"]?.arrayValue ?? [] {
                guard let epoch = checkpoint["epoch"]?.intValue else { continue }
                values[epoch] = checkpoint[parts.count > 1 ? parts[1] : "cosine"]?.doubleValue
            }
        } else {
            let figure = ["validation": "clean_acc", "validation_robust": "robust_acc"][name] ?? name
            for (place, value) in (record["training"]?[figure]?.arrayValue ?? []).enumerated() {
                values[place + 1] = value.doubleValue
            }
        }
        return values
    }

    /// Percent with one decimal, other figures with two.
    func text(_ value: Double) -> String {
        StudyNumber.text(isPercent ? 100 * value : value, places: isPercent ? 1 : 2)
    }
}

enum StudyNumber {
    static func text(_ value: Double, places: Int) -> String {
        let factor = (0..<places).reduce(1) { power, _ in 10 * power }
        let scaled = (value * Double(factor)).rounded()
        guard scaled.magnitude < 1e15 else { return "\(value)" }
        let digits = Int(scaled.magnitude), fraction = "\(digits % factor)"
        let sign = scaled < 0 ? "-" : "", whole = "\(digits / factor)"
        guard places > 0 else { return sign + whole }
        return sign + whole + "." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
