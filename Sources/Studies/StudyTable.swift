import Failures
import Formats

/// Records as a table in Markdown: a line a row. A row of several seeds shows their mean and, in brackets, each.
enum StudyTable {
    static func lines(_ records: [JSONValue], columns: [StudyColumn]) -> [String] {
        var rows: [(title: String, records: [JSONValue])] = []
        for record in records {
            let title = record["title"]?.stringValue ?? ""
            if rows.last?.title == title {
                rows[rows.count - 1].records.append(record)
            } else {
                rows.append((title, [record]))
            }
        }
        let head = [
            "| row | " + columns.map(\.name).joined(separator: " | ") + " |",
            "|---|" + String(repeating: "--:|", count: columns.count),
        ]
        return head
            + rows.map { row in
                let cells = columns.map { column in cell(row.records.compactMap(column.value), column) }
                return "| \(row.title) | " + cells.joined(separator: " | ") + " |"
            }
    }

    private static func cell(_ values: [Double], _ column: StudyColumn) -> String {
        guard !values.isEmpty else { return "–" }
        let shown = values.map(column.text)
        guard values.count > 1 else { return shown[0] }
        let mean = values.reduce(0, +) / Double(values.count)
        return column.text(mean) + " (" + shown.joined(separator: ", ") + ")"
    }
}
