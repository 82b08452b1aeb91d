import ArgumentParser
import Autodiff
import Data
import Distributed
import Failures
import Glibc
import Kernels
import Training

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at cores, bindings, MPI, BLAS, memory and data, and try what ranks do together; say what is "
            + "wrong and how to mend it.")

    @Option(help: "A data SPEC to open and check, for example cifar10:DIR. May be repeated.")
    var data: [String] = []

    @Option(help: "HxW, what the images of the data are resized to.")
    var resize: String?

    @Option(help: "A run directory that all hosts should see.")
    var runDir: String?

    @Option(help: "Seconds without progress after which a rank ends the job; 0: never.")
    var watchdog = 60.0

    func validate() throws {
        guard watchdog >= 0 else { throw ValidationError("watchdog is \(watchdog), expected seconds, or 0 for none") }
    }

    func run() throws {
        try withJob(watchdog: watchdog) { communicator in
            communicator.heartbeat.beat("the doctor's visit", step: 0)
            let findings = Findings(speaks: communicator.rank == 0)
            try describeMachines(communicator, findings)
            try compare(communicator, findings)
            try findings.tryOut(JobTrial(communicator), hosts: communicator.hosts)
            try findings.close()
        }
    }

    private func describeMachines(_ communicator: any Communicator, _ findings: Findings) throws {
        let machines = try Machines(communicator)
        findings.line("ranks", "\(communicator.size) on \(machines.hosts.joined(separator: ", "))")
        for (report, coreType) in zip(machines.reports, machines.coreTypes) {
            let quota = report.quota.map { ", time of \(rounded($0, 1)) cores" } ?? ""
            findings.line(
                "  rank \(report.rank)",
                "\(report.host), cores \(ranges(report.cores))\(quota), \(report.processor), BLAS \(coreType)")
        }
        findings.line("MPI", MPICommunicator.libraryVersion)
        findings.line("BLAS", "\(BLAS.build), \(BLAS.threads) thread a rank")
        if let mixed = machines.mixedCoreTypes { findings.problem(mixed) }
        for problem in crowding(machines.reports) { findings.problem(problem) }

        let features = Set(machines.reports.first?.features ?? [])
        let known = ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16"]
            .filter(features.contains).joined(separator: " ")
        findings.line("CPU", "\(known); built for \(VectorInstructions.name)")
        findings.line("bfloat16", BFloat16Unit.description)
        if let problem = BFloat16Unit.problem { findings.problem(problem) }
        findings.line("memory", "\(memory("MemTotal:")) in all, \(memory("MemAvailable:")) available")
        findings.line("huge pages", hugePages)
        findings.line("scalar", MemoryLayout<Scalar>.size == 8 ? "Double (for tests)" : "Float")
    }

    /// What every host must have alike.
    private func compare(_ communicator: any Communicator, _ findings: Findings) throws {
        var program = JobAgreement()
        program.addProgram()
        try findings.compare(program, communicator)
        let size = try resize.map { try ImageSize(commandLine: $0) }
        for spec in data {
            var images = JobAgreement(), description = "", failure: String?, oddities: [String] = []
            do {
                let splits = try DatasetRegistry.open(DataSelection(spec, size: size)) {
                    communicator.heartbeat.beat()
                }
                description = describe(splits).joined(separator: "\n            ")
                for part in [splits.train, splits.test] {
                    oddities += part.oddities(ofFirst: part.count).map { "\(part.name): \($0)" }
                }
                images.add(
                    "data \(spec)", "\(splits.train.fingerprint.prefix(16)) \(splits.test.fingerprint.prefix(16))")
            } catch let problem as Failure {
                failure = problem.description
                images.add("data \(spec)", problem.description)
            }
            guard try findings.compare(images, communicator) else { continue }
            if let failure { findings.problem(failure) } else { findings.line("data", "\(spec): \(description)") }
            oddities.forEach(findings.problem)
        }
        guard let runDir else { return }
        var directory = JobAgreement()
        do {
            try directory.add(
                sharedDirectory: runDir, "run directory",
                advice: "all hosts need to see one, on a file system that they share", over: communicator)
        } catch let common as CommonFailure {
            findings.problem(common.description)
            return
        }
        if try findings.compare(directory, communicator) {
            findings.line(
                "run directory", "\(runDir): written to" + (communicator.size > 1 ? ", and seen by all ranks" : ""))
        }
    }

    private func describe(_ splits: DatasetSplits) -> [String] {
        let names = splits.train.classNames
        let shown = names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", ..." : "")
        let range = splits.range.map { "[\($0.lowerBound), \($0.upperBound)]" } ?? "not confined"
        return [
            "\(splits.train.count) training, \(splits.test.count) test images of \(splits.train.shape)",
            "\(names.count) classes: \(shown)",
            "values \(range), mean \(splits.mean), deviation \(splits.deviation)",
        ] + splits.notices
    }

    /// Ranks that share fewer cores than they are.
    private func crowding(_ reports: [MachineReport]) -> [String] {
        Dictionary(grouping: reports, by: \.host).sorted { $0.key < $1.key }.compactMap { host, reports in
            let cores = Set(reports.flatMap(\.cores)).count
            if cores > 0, reports.count > cores {
                return "\(reports.count) ranks share \(cores) cores on \(host): start fewer ranks, or bind them with "
                    + "mpirun --bind-to core --map-by core"
            }
            guard let quota = reports.compactMap(\.quota).min(), Double(reports.count) > quota + 0.01 else {
                return nil
            }
            return "\(reports.count) ranks share the time of \(rounded(quota, 1)) cores on \(host), a control group's "
                + "limit: start fewer ranks, or raise the limit"
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
