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

        func run() throws {
            let plan = StudyPlan(try Study.read(file: study))
            try plan.validate()
            guard let step = try plan.next(skipping: skip) else { return }
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
            abstract: "Make the tables of a page anew from records.",
            discussion: "A page marks its tables with <!-- study FOLDER: COLUMN, COLUMN --> and <!-- end of study -->.")

        @Argument(help: "Pages in Markdown.")
        var pages: [String]

        @Flag(help: "Change nothing; exit 1 if a page is not what its records say.")
        var check = false

        func run() throws {
            for path in pages {
                let page = try StudyTable.page(path)
                guard page.old != page.new else { continue }
                guard !check else {
                    throw Failure(.checkFailed, "\(path): its tables are not those of its records; run pag study tables")
                }
                try AtomicFile.write(page.new, to: path)
                print(path)
            }
        }
    }
}
