import ArgumentParser
import Failures
import Formats
import Reporting

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "One HTML page of a run, or a comparison of several, and its table.")

    @Argument(help: "Run directories.")
    var runs: [String]

    @Option(help: "The page to write. Default: report.html in the first run directory.")
    var out: String?

    func run() throws {
        let report = try Report(runDirectories: runs)
        let path = out ?? "\(runs.first ?? ".")/report.html"
        try Outputs.require(path, .report)
        try AtomicFile.write(report.html(), to: path)
        if let finding = report.finding { print(finding) }
        print(report.table(), terminator: "")
        print("report: \(path)")
    }
}
