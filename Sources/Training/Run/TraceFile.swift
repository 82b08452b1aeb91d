import Failures
import Formats
import Glibc
import Tracing

/// Spans in the Trace Event Format, which chrome://tracing and Perfetto read.
enum TraceFile {
    /// `name.json` for rank 0 and `name.rank1.json` for rank 1.
    static func path(_ path: String, rank: Int) -> String {
        guard rank > 0 else { return path }
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return path + ".rank\(rank)" }
        return path.prefix(upTo: dot) + ".rank\(rank)" + path.suffix(from: dot)
    }

    /// Throws, before anything is computed, where no such file can be written, or where it would replace something
    /// else.
    static func requirePlace(_ path: String?) throws {
        guard let path else { return }
        let folder = Formats.folder(of: path)
        guard access(folder, W_OK) == 0 else {
            throw Failure.inputOutput("profile.trace: \(folder)", "write into the folder", code: errno)
        }
        guard access(path, F_OK) == 0 else { return }
        let file = try MappedFile(path: path), start = Array("{\"traceEvents\"".utf8)
        let isOurs = withExtendedLifetime(file) {
            file.bytes.isEmpty || file.bytes.prefix(start.count).elementsEqual(start)
        }
        guard isOurs else {
            throw Failure(.usage, "profile.trace: \(path): is there already and is no timeline; choose another file")
        }
    }

    /// Throws what writing a file throws.
    static func write(_ spans: [Span], rank: Int, to path: String) throws {
        let process = JSONValue.object([
            .init("name", .string("process_name")), .init("ph", .string("M")), .init("pid", JSONValue(rank)),
            .init("args", .object([.init("name", .string("rank \(rank)"))])),
        ])
        let events = spans.map { span in
            var members: [JSONValue.Member] = [
                .init("name", .string(span.name)), .init("cat", .string(span.category.rawValue)),
                .init("ph", .string("X")), .init("ts", .number(Double(span.start) / 1000)),
                .init("dur", .number(Double(span.duration) / 1000)), .init("pid", JSONValue(rank)),
                .init("tid", .integer(0)),
            ]
            if !span.detail.isEmpty {
                members.append(.init("args", .object([.init("detail", .string(span.detail))])))
            }
            return JSONValue.object(members)
        }
        let lines = ([process] + events).map { $0.text() }
        try AtomicFile.write("{\"traceEvents\":[\n" + lines.joined(separator: ",\n") + "\n]}\n", to: path)
    }
}
