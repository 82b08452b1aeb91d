import Distributed
import Failures
import Kernels

/// The machines of a job as its ranks see them.
struct Machines {
    let reports: [MachineReport]
    /// OpenBLAS's kernel family on each rank.
    let coreTypes: [String]
    private let isLeader: Bool

    /// Collective.
    init(_ communicator: any Communicator) throws {
        reports = try MachineReport.gather(communicator)
        coreTypes = try communicator.allGather(Array(BLAS.coreType.utf8)).map { String(decoding: $0, as: UTF8.self) }
        isLeader = communicator.rank == 0
    }

    var hosts: [String] { reports.reduce(into: []) { if !$0.contains($1.host) { $0.append($1.host) } } }

    /// Ranks whose BLAS takes other kernels than rank 0's: their products differ in the last bits.
    var mixedCoreTypes: String? {
        let kinds = Set(coreTypes).sorted()
        return kinds.count > 1
            ? "ranks run on different BLAS core types (\(kinds.joined(separator: ", "))): "
                + "set OPENBLAS_CORETYPE to one that all CPUs have" : nil
    }

    /// What kind of job this is, in a line, on rank 0. Throws where mixed core types would break the promise of equal
    /// bits.
    func startLine() throws -> String? {
        if let mixedCoreTypes { throw CommonFailure(Failure(.missing, mixedCoreTypes)) }
        guard isLeader, let first = reports.first else { return nil }
        let cores = reports.map { $0.cores.count }
        let bindings = Set(cores).count == 1 ? "\(cores[0])" : "\(cores.min() ?? 0) to \(cores.max() ?? 0)"
        return
            "\(reports.count) rank\(reports.count == 1 ? "" : "s") "
            + "on \(hosts.count) host\(hosts.count == 1 ? "" : "s"), "
            + "\(BLAS.threads) BLAS thread a rank, bound to \(bindings) core\(bindings == "1" ? "" : "s") each; "
            + "\(first.processor), BLAS core type \(coreTypes[0])"
    }
}
