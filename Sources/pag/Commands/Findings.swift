import Distributed
import Failures
import Training

/// What the doctor has found, told by rank 0 as it comes.
final class Findings {
    private let speaks: Bool
    private var problems: [String] = []

    init(speaks: Bool) { self.speaks = speaks }

    func line(_ name: String, _ text: String) {
        guard speaks else { return }
        print(name + String(repeating: " ", count: max(1, 12 - name.count)) + text)
    }

    /// The same on every rank.
    func problem(_ text: String) { problems.append(text) }

    /// Whether all ranks have the facts alike. Collective.
    @discardableResult
    func compare(_ agreement: JobAgreement, _ communicator: any Communicator) throws -> Bool {
        do { try agreement.require(over: communicator) } catch let common as CommonFailure {
            problem(common.description)
            return false
        }
        return true
    }

    /// What a job over these hosts will use. Collective.
    func tryOut(_ trial: JobTrial, hosts: [String]) throws {
        guard hosts.count > 1 else { return }
        let refused = try trial.withoutSharedMemory()
        let shares = try trial.neighboursShareMemory()
        line("shared", shares ? "memory between the ranks of a host" : "no memory: messages instead")
        if !refused.isEmpty {
            problem(
                "the system gives no memory to share (memfd_create) to \(refused): sums are slower; look at limits "
                    + "on memory and file sizes")
        } else if !shares {
            problem(
                "ranks of a host cannot see each other's memory: sums are slower; start them as one user in one "
                    + "process namespace")
        }
        if try !trial.ticketsAreWhole() { problem("the ticket counter hands out wrong numbers") }
        for link in try trial.links() {
            line(
                "link",
                "\(hosts[link.first]) and \(hosts[link.second]): \(rounded(link.seconds * 1e6, 0)) µs, "
                    + "\(rounded(link.bytesPerSecond / 1e6, 0)) MB/s each way")
        }
        let sum = try trial.sum()
        line("sum", "by \(sum.way.rawValue): \(rounded(sum.seconds * 1e3, 1)) ms for \(1 << 20) numbers")
        if !sum.isRight { problem("a sum over all ranks is wrong") }
        var told: Set<String> = []
        for (rank, seconds) in try trial.clockDifferences().enumerated() where abs(seconds) > 5 {
            guard told.insert(hosts[rank]).inserted else { continue }
            problem(
                "the clock of \(hosts[rank]) is \(rounded(abs(seconds), 0)) s "
                    + "\(seconds > 0 ? "ahead of" : "behind") that of \(hosts[0]): set both by a time server")
        }
    }

    /// Throws where there are problems.
    func close() throws {
        for problem in problems { line("PROBLEM", problem) }
        guard problems.isEmpty else {
            throw CommonFailure(Failure(.missing, "\(problems.count) problem\(problems.count == 1 ? "" : "s") found"))
        }
        if speaks { print("all well") }
    }
}
