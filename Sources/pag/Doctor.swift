import ArgumentParser
import Autodiff
import Data
import Distributed
import Failures
import Glibc
import Kernels

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at cores, bindings, MPI, BLAS, memory and data; say what is wrong and how to mend it.")

    @Option(help: "A data SPEC to open and check, for example cifar10:DIR. May be repeated.")
    var data: [String] = []

    func run() throws {
        try withJob { communicator in
            let machines = try Machines(communicator)
            guard communicator.rank == 0 else { return }
            var problems: [String] = []
            print("ranks       \(communicator.size) on \(machines.hosts.joined(separator: ", "))")
            for (report, coreType) in zip(machines.reports, machines.coreTypes) {
                print(
                    "  rank \(report.rank)    \(report.host), cores \(ranges(report.cores)), "
                        + "\(report.processor), BLAS \(coreType)"
                )
            }
            print("MPI         \(MPICommunicator.libraryVersion)")
            print("BLAS        \(BLAS.build), \(BLAS.threads) thread a rank")
            if let mixed = machines.mixedCoreTypes { problems.append(mixed) }
            problems += crowding(machines.reports)

            let features = Set(machines.reports.first?.features ?? [])
            let known = ["avx2", "fma", "avx512f"].filter(features.contains).joined(separator: " ")
            print("CPU         \(known); built for \(VectorInstructions.name)")
            print("memory      \(memory("MemTotal:")) in all, \(memory("MemAvailable:")) available")
            print("huge pages  \(hugePages)")
            print("scalar      \(MemoryLayout<Scalar>.size == 8 ? "Double (for tests)" : "Float")")
            for spec in data {
                do {
                    let splits = try DatasetRegistry.open(spec, seed: 1)
                    print(
                        "data        \(spec): \(splits.train.count) training, \(splits.test.count) test images of "
                            + "\(splits.train.shape)"
                    )
                    for notice in splits.notices { print("            \(notice)") }
                } catch let failure as Failure { problems.append("\(failure)") }
            }
            for problem in problems { print("PROBLEM     \(problem)") }
            if !problems.isEmpty {
                throw Failure(.missing, "\(problems.count) problem\(problems.count == 1 ? "" : "s") found")
            }
            print("all well")
        }
    }

    /// Ranks that share fewer cores than they are.
    private func crowding(_ reports: [MachineReport]) -> [String] {
        Dictionary(grouping: reports, by: \.host).sorted { $0.key < $1.key }.compactMap { host, reports in
            let cores = Set(reports.flatMap(\.cores)).count
            guard cores > 0, reports.count > cores else { return nil }
            return "\(reports.count) ranks share \(cores) cores on \(host): start fewer ranks, or bind them with "
                + "mpirun --bind-to core --map-by core"
        }
    }

    private func ranges(_ cores: [Int]) -> String {
        var parts: [ClosedRange<Int>] = []
        for core in cores.sorted() {
            if let last = parts.last, core == last.upperBound + 1 {
                parts[parts.count - 1] = last.lowerBound...core
            } else {
                parts.append(core...core)
            }
        }
        return parts.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(
            separator: ",")
    }

    private func memory(_ key: String) -> String {
        for line in lines(of: "/proc/meminfo") where line.hasPrefix(key) {
            let kilobytes = line.split(separator: " ").compactMap { Int($0) }.first ?? 0
            return "\(kilobytes / 1_048_576) GiB"
        }
        return "unknown"
    }

    private var hugePages: String {
        lines(of: "/sys/kernel/mm/transparent_hugepage/enabled").first.map(String.init) ?? "unknown"
    }

    private func lines(of path: String) -> [Substring] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
    }
}
