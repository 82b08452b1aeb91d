import Failures
import Formats

/// Tables in Markdown, made from records alone, within a page that people write.
///
/// A page says where a table stands and what is in it; everything up to the end mark is made anew:
///
///     <!-- study docs/studies/cifar10: clean, l2, linf, hours -->
///     ...
///     <!-- end of study -->
///
/// A column is `clean` (the accuracy of the first evaluation), the name of an evaluation (its robust accuracy), `cosine`
/// (the last held-out alignment), `seconds` or `hours` (of processor time in training). A row of several seeds shows
/// their mean and, in brackets, each.
public enum StudyTable {
    private static let opening = "<!-- study ", closing = "<!-- end of study -->"

    /// The page at `path` with its tables made anew. Throws `badInput` for marks that do not fit together, for folders
    /// without records and for unknown columns.
    public static func page(_ path: String) throws -> (old: String, new: String) {
        let old = try FileContents.text(path, limit: 1 << 24, words: "a page in Markdown")
        var lines: [String] = [], isWithin = false
        for (number, line) in old.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let place = "\(path), line \(number + 1)"
            if line.hasPrefix(opening) {
                guard !isWithin else { throw Failure.badInput(place, "a table within a table", expected: closing) }
                isWithin = true
                lines.append(String(line))
                lines += try table(mark: line, place: place)
            } else if line == closing {
                guard isWithin else { throw Failure.badInput(place, "the end of no table") }
                isWithin = false
                lines.append(String(line))
            } else if !isWithin {
                lines.append(String(line))
            }
        }
        guard !isWithin else { throw Failure.badInput(path, "a table without an end", expected: closing) }
        return (old, lines.joined(separator: "\n"))
    }

    private static func table(mark: Substring, place: String) throws -> [String] {
        let expected = "\(opening)FOLDER: COLUMN, COLUMN -->"
        guard mark.hasSuffix(" -->") else { throw Failure.badInput(place, "no mark of a table", expected: expected) }
        let parts = mark.dropFirst(opening.count).dropLast(4).split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { throw Failure.badInput(place, "no columns", expected: expected) }
        let columns = parts[1].split(separator: ",").map { $0.trimmed }
        let records = try StudyRecord.all(in: String(parts[0]))
        guard !records.isEmpty else { throw Failure.badInput(place, "\(parts[0]) holds no records") }
        var rows: [(title: String, records: [JSONValue])] = []
        for record in records {
            let title = record["title"]?.stringValue ?? ""
            if rows.last?.title == title {
                rows[rows.count - 1].records.append(record)
            } else {
                rows.append((title, [record]))
            }
        }
        var lines = [
            "", "| row | " + columns.joined(separator: " | ") + " |",
            "|---|" + String(repeating: "--:|", count: columns.count),
        ]
        for row in rows {
            let cells = try columns.map { column in
                try cell(row.records.compactMap { try value(column, of: $0, place: place) }, isPercent: isPercent(column))
            }
            lines.append("| \(row.title) | " + cells.joined(separator: " | ") + " |")
        }
        return lines + [""]
    }

    private static func isPercent(_ column: String) -> Bool { !["cosine", "seconds", "hours"].contains(column) }

    private static func value(_ column: String, of record: JSONValue, place: String) throws -> Double? {
        switch column {
        case "clean":
            return record["evaluations"]?.members?.first?.value["clean_acc"]?.doubleValue
        case "cosine": return record["training"]?["cosine"]?.arrayValue?.last?.doubleValue
        case "seconds", "hours":
            let seconds = record["training"]?["processor_seconds"]?.arrayValue?.compactMap(\.doubleValue).reduce(0, +)
            return seconds.map { column == "hours" ? $0 / 3600 : $0 }
        default:
            return record["evaluations"]?[column]?["robust_acc"]?.doubleValue
        }
    }

    private static func cell(_ values: [Double], isPercent: Bool) -> String {
        guard !values.isEmpty else { return "–" }
        let shown = values.map { number($0, isPercent: isPercent) }
        guard values.count > 1 else { return shown[0] }
        let mean = values.reduce(0, +) / Double(values.count)
        return number(mean, isPercent: isPercent) + " (" + shown.joined(separator: ", ") + ")"
    }

    /// Percent with one decimal, other figures with two.
    private static func number(_ value: Double, isPercent: Bool) -> String {
        let places = isPercent ? 10 : 100
        let scaled = ((isPercent ? 100 * value : value) * Double(places)).rounded()
        guard scaled.magnitude < 1e15 else { return "\(value)" }
        let digits = Int(scaled.magnitude), fraction = "\(digits % places)"
        return (scaled < 0 ? "-" : "") + "\(digits / places)."
            + String(repeating: "0", count: (isPercent ? 1 : 2) - fraction.count) + fraction
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
