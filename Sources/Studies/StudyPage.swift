import Failures
import Formats

/// A page that people write, with tables and figures made from records alone.
///
/// A mark says where something stands and what is in it; everything up to the end mark is made anew:
///
///     <!-- study docs/studies/cifar10: clean, l2, linf, hours -->
///     ...
///     <!-- end of study -->
///
/// is a table (see `StudyColumn`), and `<!-- study docs/studies/cifar10: scores against l2 in figures/scores.svg -->` a
/// picture, written into a file beside the page, with the rank correlation of the two; `scores against
/// validation_robust over epochs in FILE.svg` has a point for every epoch.
public struct StudyPage {
    public let path: String
    /// The page as it stands in the file.
    public let old: String
    /// The page as the records have it.
    public let new: String
    /// The pictures, by path.
    public let figures: [(path: String, svg: String)]

    private static let opening = "<!-- study ", closing = "<!-- end of study -->"

    /// Throws `badInput` for marks that do not fit together, and for folders without records.
    public init(_ path: String) throws {
        self.path = path
        old = try FileContents.text(path, limit: 1 << 24, words: "a page in Markdown")
        var lines: [String] = [], figures: [(String, String)] = [], isWithin = false
        for (number, line) in old.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let place = "\(path), line \(number + 1)"
            if line.hasPrefix(Self.opening) {
                guard !isWithin else { throw Failure.badInput(place, "a mark within a mark", expected: Self.closing) }
                isWithin = true
                let made = try Self.made(of: line, place: place)
                lines += [String(line), ""] + made.lines + [""]
                if let (name, svg) = made.figure { figures.append(("\(folder(of: path))/\(name)", svg)) }
            } else if line == Self.closing {
                guard isWithin else { throw Failure.badInput(place, "the end of no mark") }
                isWithin = false
                lines.append(String(line))
            } else if !isWithin {
                lines.append(String(line))
            }
        }
        guard !isWithin else { throw Failure.badInput(path, "a mark without an end", expected: Self.closing) }
        new = lines.joined(separator: "\n")
        self.figures = figures
    }

    /// What of the page and its pictures is not what the records say.
    public func stale() throws -> [String] {
        let figures = try figures.filter { path, svg in
            try !exists(path) || FileContents.text(path, limit: 1 << 24, words: "a picture") != svg
        }
        return (old == new ? [] : [path]) + figures.map(\.path)
    }

    private static func made(
        of mark: Substring, place: String
    ) throws -> (lines: [String], figure: (name: String, svg: String)?) {
        let expected =
            "\(opening)FOLDER: COLUMN, COLUMN --> or "
            + "\(opening)FOLDER: COLUMN against COLUMN [over epochs] in FILE.svg -->"
        guard mark.hasSuffix(" -->") else { throw Failure.badInput(place, "no whole mark", expected: expected) }
        let parts = mark.dropFirst(opening.count).dropLast(4).split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { throw Failure.badInput(place, "no columns", expected: expected) }
        let records = try StudyRecord.all(in: String(parts[0]))
        guard !records.isEmpty else { throw Failure.badInput(place, "\(parts[0]) holds no records") }
        let words = parts[1].split(separator: " "),
            overEpochs = Array(words.dropFirst(3).prefix(2)) == ["over", "epochs"]
        guard words.dropFirst().first == "against" else {
            let columns = parts[1].split(separator: ",").map { StudyColumn($0.trimmed, in: records) }
            return (StudyTable.lines(records, columns: columns), nil)
        }
        guard words.count == (overEpochs ? 7 : 5), words[words.count - 2] == "in" else {
            throw Failure.badInput(place, "no whole figure", expected: expected)
        }
        let name = String(words[words.count - 1])
        guard name.hasSuffix(".svg"), !name.hasPrefix("/"), !name.contains("..") else {
            throw Failure.badInput(place, "\(name) is no picture beside the page", expected: "FILE.svg")
        }
        let columns = (StudyColumn(words[0], in: records), StudyColumn(words[2], in: records))
        guard let scatter = StudyScatter(records, columns.0, columns.1, overEpochs: overEpochs) else {
            return (["Fewer than two records have \(words[0]) and \(words[2])."], nil)
        }
        return (["![\(words[2]) against \(words[0])](\(name))", "", scatter.sentence], (name, scatter.svg))
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
