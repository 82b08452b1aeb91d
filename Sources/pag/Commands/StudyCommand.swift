import ArgumentParser
import Distributed
import Failures
import Formats
import Studies

struct StudyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "study",
        abstract: "The parts of launch/study: what is to be run next, records of what was, tables of the records.",
        subcommands: [Next.self, Record.self, Tables.self])

    struct Next: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The next command of a study whose result is not there.",
            discussion: "Prints its name and its arguments, each followed by a zero byte; nothing when all is done.")

        @Argument(help: "The study, YAML. See studies/.")
        var study: String

        @Option(help: "A command to pass over, and what follows from it. May be repeated.")
        var skip: [String] = []

        @Option(help: "Rows, separated by commas, with -seedN one of their seeds; preparations. Default: everything.")
        var rows: String?

        func run() throws {
            let plan = StudyPlan(try Study.read(file: study))
            try plan.validate()
            let names = rows?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard let step = try plan.next(of: names, skipping: skip) else { return }
            for word in [step.name] + (try step.command()) { print(word, terminator: "\0") }
        }
    }

    struct Record: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a JSON for every run of a study whose figures have changed; print the paths.")

        @Argument(help: "The study, YAML.")
        var study: String

        @Option(help: "The commit that the program was built from, for the records.")
        var commit = ""

        func run() throws {
            let plan = StudyPlan(try Study.read(file: study))
            let machine = MachineReport(SingleProcess())
            let provenance = StudyRecord.Provenance(commit: commit, processor: machine.processor)
            for path in try StudyRecord.write(plan, provenance) { print(path) }
        }
    }

    struct Tables: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the tables and figures of a page anew from records.",
            discussion: "A page marks a table with <!-- study FOLDER: COLUMN, COLUMN -->, a figure with <!-- study "
                + "FOLDER: COLUMN against COLUMN in FILE.svg -->, and the end of either with <!-- end of study -->.")

        @Argument(help: "Pages in Markdown.")
        var pages: [String]

        @Flag(help: "Change nothing; exit 1 if a page is not what its records say.")
        var check = false

        func run() throws {
            for path in pages {
                let page = try StudyPage(path)
                let stale = try page.stale()
                guard let first = stale.first else { continue }
                guard !check else {
                    throw Failure(.checkFailed, "\(first): is not what the records say; run pag study tables \(path)")
                }
                for figure in page.figures where stale.contains(figure.path) {
                    try AtomicFile.write(figure.svg, to: figure.path)
                }
                if stale.contains(path) { try AtomicFile.write(page.new, to: path) }
                for path in stale { print(path) }
            }
        }
    }
}
