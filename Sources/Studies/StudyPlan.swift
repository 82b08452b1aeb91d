import Failures

/// The commands of a study in the order in which they are run: preparations, then the first seed of every row in the
/// file's order with its attacks, then the second seeds, and so on. What shows the order of rows comes first.
public struct StudyPlan: Sendable {
    public struct Run: Sendable {
        public let row: Row
        public let seed: UInt64
        public let directory: String
        public let training: StudyStep
        /// The names of the evaluations, and their steps.
        let evaluations: [(name: String, step: StudyStep)]

        public var name: String { StudyPlan.name(row, seed) }
    }

    public let study: Study
    public let runs: [Run]
    private let preparations: [StudyStep]

    public init(_ study: Study) {
        self.study = study
        preparations = study.preparations.flatMap { Self.steps(of: $0, study) }
        let rounds = study.rows.map(\.seeds.count).max() ?? 0
        runs = (0..<rounds).flatMap { round in
            study.rows.filter { round < $0.seeds.count }.map { Self.run($0, seed: $0.seeds[round], study) }
        }
    }

    public var steps: [StudyStep] { preparations + runs.flatMap { [$0.training] + $0.evaluations.map(\.step) } }

    /// Reads every row's configuration. Throws what is wrong with the first that cannot be read.
    public func validate() throws {
        for step in steps where step.work == .train { _ = try step.configuration() }
    }

    /// The first command whose result is not there, but for those named.
    public func next(skipping names: [String] = []) throws -> StudyStep? {
        var blocked: Set<String> = []
        for step in steps {
            if names.contains(step.name) || blocked.contains(step.directory) {
                // Nothing follows from a training that is not there.
                blocked.insert(step.directory)
                continue
            }
            if try !step.isDone() { return step }
        }
        return nil
    }

    static func name(_ row: Row, _ seed: UInt64) -> String { "\(row.name)-seed\(seed)" }

    private static func steps(of preparation: Preparation, _ study: Study) -> [StudyStep] {
        let directory = "\(study.runs)/\(preparation.name)"
        let sets = preparation.set.flatMap { ["--set", study.resolved($0)] }
        return [
            StudyStep(
                name: "\(preparation.name) train",
                arguments: ["train", preparation.configuration, "--run-dir", directory] + sets, work: .train,
                directory: directory),
            StudyStep(
                name: "\(preparation.name) targets",
                arguments: [
                    "targets", preparation.configuration, "--run-dir", directory, "--out",
                    "\(directory)/targets.safetensors",
                ] + sets, work: .computeTargets, directory: directory),
        ]
    }

    private static func run(_ row: Row, seed: UInt64, _ study: Study) -> Run {
        let directory = "\(study.runs)/\(name(row, seed))"
        let configuration = row.configuration.isEmpty ? study.configuration : row.configuration
        let sets = (study.set + row.set + ["seed=\(seed)"]).flatMap { ["--set", study.resolved($0)] }
        let training = StudyStep(
            name: "\(name(row, seed)) train", arguments: ["train", configuration, "--run-dir", directory] + sets,
            work: .train, directory: directory)
        let wanted = study.evaluations.filter { row.evaluations?.contains($0.name) ?? true }
        let evaluations = wanted.map { evaluation in
            var arguments = [
                "--attack", evaluation.attack.joined(separator: ","), "--norm", evaluation.norm, "--epsilon",
                evaluation.epsilon, "--resume", "--out", "\(directory)/\(evaluation.name)",
            ]
            if let samples = evaluation.samples { arguments += ["--samples", "\(samples)"] }
            if !evaluation.curve.isEmpty { arguments += ["--curve", evaluation.curve.joined(separator: ",")] }
            return (
                evaluation.name,
                StudyStep(
                    name: "\(name(row, seed)) \(evaluation.name)", arguments: arguments,
                    work: .evaluate(evaluation.name), directory: directory)
            )
        }
        return Run(row: row, seed: seed, directory: directory, training: training, evaluations: evaluations)
    }
}
