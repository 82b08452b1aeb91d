import Failures

/// What all ranks of a job must have alike, gathered fact by fact and compared at once. Over several hosts one command
/// easily starts several jobs in one: another build, other data under the same path, a run directory of each host.
/// Sums cannot show it, for all ranks get the same ones.
public struct JobAgreement {
    private struct Fact {
        let name: String
        let value: String
        let kind: Failure.Kind
        let advice: String
    }

    private var facts: [Fact] = []

    public init() {}

    /// - Parameters:
    ///   - name: in the message, such as "data".
    ///   - value: this rank's; of several lines the first that differs is shown.
    ///   - kind: what it means if it differs.
    ///   - advice: what to do then.
    public mutating func add(
        _ name: String, _ value: String, kind: Failure.Kind = .badInput, advice: String = ""
    ) {
        facts.append(Fact(name: name, value: value, kind: kind, advice: advice))
    }

    /// The contents of a file that every rank reads.
    public mutating func add(file path: String) {
        let hash = FileFingerprint.text(of: path)
        add(path, hash, advice: "every host needs the same file under this path")
    }

    /// Collective.
    /// - Throws: `CommonFailure` on every rank, for the first fact that is not the same on all.
    public func require(over communicator: any Communicator) throws {
        let mine = facts.map(\.value).joined(separator: "\0")
        let everyones = try communicator.allGather(Array(mine.utf8)).map { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false)
        }
        for (place, fact) in facts.enumerated() {
            let values = everyones.map { $0.count == facts.count ? String($0[place]) : "other facts" }
            guard values.contains(where: { $0 != values[0] }) else { continue }
            let hosts = communicator.hosts, areSeveral = Set(hosts).count > 1
            let found = shown(values).map { value, ranks in
                value + " on " + (areSeveral ? Self.byHost(ranks, hosts) : describe(ranks))
            }
            throw CommonFailure(
                Failure(
                    fact.kind,
                    "\(fact.name) differs between \(areSeveral ? "hosts" : "ranks"): "
                        + found.joined(separator: ", ") + (fact.advice.isEmpty ? "" : "; \(fact.advice)")))
        }
    }

    /// Different values, cut to where they differ, with the ranks that have them.
    private func shown(_ values: [String]) -> [(value: String, ranks: [Int])] {
        let lines = values.map { $0.split(separator: "\n", omittingEmptySubsequences: false) }
        let different = lines[0].indices.first { line in
            lines.contains { $0.count <= line || $0[line] != lines[0][line] }
        }
        var groups: [(value: String, ranks: [Int])] = []
        for (rank, lines) in lines.enumerated() {
            let line = lines.dropFirst(different ?? lines.count).first ?? lines.last ?? ""
            let value = String(line.drop { $0 == " " }.prefix(80))
            if let known = groups.firstIndex(where: { $0.value == value }) {
                groups[known].ranks.append(rank)
            } else {
                groups.append((value, [rank]))
            }
        }
        return groups
    }

    /// "node1 (ranks 0-1), node2 (rank 2)"
    private static func byHost(_ ranks: [Int], _ hosts: [String]) -> String {
        let names = ranks.reduce(into: [String]()) { if !$0.contains(hosts[$1]) { $0.append(hosts[$1]) } }
        return names.map { host in "\(host) (\(describe(ranks.filter { hosts[$0] == host })))" }
            .joined(separator: ", ")
    }
}

/// A failure that every rank of a job has come to at the same call: all can leave in good order.
public struct CommonFailure: Error, CustomStringConvertible {
    /// The same on every rank.
    public let failure: Failure

    public init(_ failure: Failure) { self.failure = failure }

    public var description: String { failure.description }
}
