import Failures

/// The report of one run, or the comparison of several.
public struct Report: Sendable {
    private let runs: [Run]

    /// Reads the run directories: `config.yaml`, `metrics.jsonl`, `eval/`, `pictures/` and folders
    /// with a `certificate.json`, of which any may be missing.
    ///
    /// Throws `Failure` of kind `usage` for no directories, `badInput` for a directory that is not there or holds
    /// nothing of a run and for damaged files, `inputOutput` when the system refuses.
    public init(runDirectories: [String]) throws {
        guard !runDirectories.isEmpty else { throw Failure(.usage, "report: no run directory given") }
        let names = RunDirectory.names(of: runDirectories)
        runs = try zip(runDirectories, names).enumerated().map { index, run in
            Run(name: run.1, colour: index, directory: try RunDirectory(path: run.0))
        }
    }

    /// The page: one HTML document that needs no other file and no network. The same for the same contents.
    public func html() -> String { ReportPage(runs: runs).html() }

    /// The table of accuracies as plain text, with a newline at the end.
    public func table() -> String {
        ResultTable(runs: runs)?.text() ?? "no accuracies yet: \(runs.map(\.name).joined(separator: ", "))\n"
    }

    /// The page's first sentence; nil when the runs' evaluations do not support one.
    public var finding: String? { Finding(runs)?.sentence }
}
