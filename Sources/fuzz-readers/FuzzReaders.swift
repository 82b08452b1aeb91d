import ArgumentParser
import Failures
import Formats
import Glibc
import Kernels

@main
struct FuzzReaders: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz-readers",
        abstract: "Give every reader of files mutated inputs.",
        discussion: "An input is a function of reader, seed and number. It may be taken, or refused on one line; not a "
            + "trap, nor more than 1.5 GB of memory or 20 s. An input that does otherwise is kept as a file and the "
            + "exit code is 1.")

    @Argument(help: "Readers. Default: all, each its share of the inputs.")
    var readers: [String] = []

    @Option(help: "Inputs in all, or of each of the readers that are named.")
    var inputs = 1_000_000

    @Option(help: "Of the random numbers.")
    var seed: UInt64 = 1

    @Option(help: "Folder for inputs that make a fault.")
    var faults = "fuzz-faults"

    @Option(help: "Read this file, or the files of this folder, by the reader that is named, and nothing else.")
    var replay: String?

    @Flag(help: "Name the readers.")
    var list = false

    @Option(help: .hidden) var first: Int?
    @Option(help: .hidden) var progress: String?

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            writeToStandardError("fuzz-readers: \(failure)")
            Glibc.exit(failure.kind.exitCode)
        } catch { exit(withError: error) }
    }

    func run() throws {
        BLAS.setThreads(1)
        let all = try fuzzedReaders()
        if list { return all.forEach { print($0.name) } }
        let chosen = try readers.map { name in
            guard let reader = (all + [readsBeyondTheEnd]).first(where: { $0.name == name }) else {
                throw Failure(.usage, "no reader \(name), expected \(all.map(\.name).joined(separator: ", "))")
            }
            return reader
        }
        if let progress, let first, let reader = chosen.first {
            return try work(reader, seed: seed, inputs: first..<inputs, SharedProgress(path: progress))
        }
        if let replay {
            guard chosen.count == 1 else { throw Failure(.usage, "--replay is for one reader") }
            return try replayed(chosen[0], replay)
        }
        var found = 0
        let parts = all.reduce(0) { $0 + 1 / Double($1.share) }
        for reader in chosen.isEmpty ? all : chosen {
            let count = chosen.isEmpty ? Int(Double(inputs) / Double(reader.share) / parts) : inputs
            found += try Watched(reader: reader, seed: seed, faults: faults).run(count)
        }
        if found > 0 { throw Failure(.checkFailed, "\(found) inputs that make a fault, in \(faults)") }
    }

    private func replayed(_ reader: FuzzedReader, _ path: String) throws {
        let names = try? directoryEntries(path)
        for file in names?.map({ "\(path)/\($0)" }) ?? [path] {
            let input = try FileContents.read(file, limit: 1 << 24)
            let isTaken = try readOnce(reader, input, Scratch())
            print("\(file): \(isTaken ? "taken" : "refused") by \(reader.name)")
        }
    }
}
