import Distributed
import Evaluation
import Failures
import Formats
import Glibc
import Perturbations

/// Where an evaluation writes: a folder, or one in it for each of several norms. It is one job's at a time.
final class EvaluationFolder {
    /// The folders of the norms' results, in their order.
    let places: [String]
    private let folder: String
    private let norms: [ThreatModel.Norm]
    private var locks: [JobLock] = []

    /// The folder in a place of results for what has been found so far.
    static let state = "state"
    private static let description = "\(state)/evaluation.json", results = "robustness.json"
    private static let pictures = ["adversarial.png", "pictures.json"]

    /// Takes the folders for this job. Collective. Throws `missing` where another job has one of them.
    init(
        _ folder: String, _ norms: [ThreatModel.Norm], over communicator: any Communicator,
        waiting: (String) -> Void
    ) throws {
        self.folder = folder
        self.norms = norms
        places = norms.count > 1 ? norms.map { "\(folder)/\($0.rawValue)" } : [folder]
        for place in norms.count > 1 ? [folder] + places : places {
            _ = try communicator.leaderDecides {
                try createDirectory(place)
                return ""
            }
            locks.append(
                try JobLock(
                    path: place + "/lock", of: place, task: "an evaluation", advice: "choose another --out",
                    over: communicator, waiting: waiting))
        }
    }

    /// Shows other machines that this job lives.
    func keep() throws { for lock in locks { try lock.keep() } }
    /// Throws `missing` where another job has taken a folder.
    func check() throws { for lock in locks { try lock.check() } }
    /// Gives the folders up. None is left that nothing was written into.
    func release() {
        for lock in locks { lock.release() }
        for place in places where place != folder { rmdir(place) }
    }

    /// Makes sure that nothing is there that would be lost, or takes it away. Collective.
    func require(replacing: Bool, over communicator: any Communicator) throws {
        _ = try communicator.leaderDecides {
            let others = ThreatModel.Norm.allCases.map { "\(folder)/\($0.rawValue)" }
            if replacing {
                // What is there must not be taken for what comes. A place that is written to keeps its state's folder.
                for place in [folder] + others where access(place, F_OK) == 0 {
                    try clear(place, state: !places.contains(place))
                }
                return ""
            }
            if norms.count > 1, exists("\(folder)/\(Self.state)") {
                throw refusal("\(folder) holds an evaluation under one norm")
            }
            let known = others.filter { exists("\($0)/\(Self.description)") }
            if norms.count == 1, !exists("\(folder)/\(Self.description)"), !known.isEmpty {
                let names = known.map { String($0.dropFirst(folder.count + 1)) }.joined(separator: ", ")
                throw refusal("\(folder) holds evaluations under several norms (\(names))")
            }
            for place in places where exists("\(place)/\(Self.results)") && !exists("\(place)/\(Self.description)") {
                throw refusal("\(place)/\(Self.results): its settings are not known, as \(Self.description) is missing")
            }
            if norms.count > 1 { try requireSameNorms() }
            for place in Set([folder] + places) { try AtomicFile.removeTemporaries(in: place) }
            return ""
        }
    }

    /// Results of other norms together are not replaced by these.
    private func requireSameNorms() throws {
        let path = "\(folder)/\(Self.results)"
        guard exists(path) else { return }
        let found = try FileContents.json(path)["threats"]?.arrayValue?.compactMap { $0["norm"]?.stringValue } ?? []
        guard Set(found) == Set(norms.map(\.rawValue)) else {
            throw refusal("\(path) is of other norms (\(found.joined(separator: ", ")))")
        }
    }

    private func refusal(_ problem: String) -> Failure {
        Failure(.usage, "\(problem); choose another --out, or --force to replace it")
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Removes the results of an evaluation, and what one has found so far.
    private func clear(_ place: String, state removesState: Bool) throws {
        for name in RobustnessResult.files + Self.pictures { unlink("\(place)/\(name)") }
        try AtomicFile.removeTemporaries(in: place)
        let state = "\(place)/\(Self.state)"
        guard removesState, exists("\(place)/\(Self.description)") else { return }
        // First what the others would be taken up by.
        unlink("\(place)/\(Self.description)")
        for name in try directoryEntries(state) { unlink("\(state)/\(name)") }
        rmdir(state)
        if place != folder { rmdir(place) }
    }
}
