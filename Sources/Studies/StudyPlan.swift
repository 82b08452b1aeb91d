import Failures

/// The commands of a study in the order in which they are run: the first seed of every row in the file's order with its
/// attacks, then the second seeds, and so on. What shows the order of rows comes first. A preparation stands before the
/// first training that reads its files; what else reads them waits for it, and follows it.
public struct StudyPlan: Sendable {
    /// A row with one of its seeds.
    public struct Run: Sendable {
        public let row: Row
        public let seed: UInt64
        /// The run directory, under the study's `runs`.
        public let directory: String
        /// What makes its checkpoints.
        public let training: StudyStep
        /// The names of the evaluations, and their steps.
        let evaluations: [(name: String, step: StudyStep)]
        let alignments: [(name: String, step: StudyStep)]

        public var name: String { StudyPlan.name(row, seed) }
    }

    /// What a preparation is made by.
    struct Prepared: Sendable {
        let name: String
        let training: StudyStep
        let targets: StudyStep
        var directory: String { training.directory }
    }

    public let study: Study
    /// All first seeds, then all second ones.
    public let runs: [Run]
    /// All commands, in the order in which they are run.
    public let steps: [StudyStep]
    let preparations: [Prepared]

    public init(_ study: Study) {
        self.study = study
        let rounds = study.rows.map(\.seeds.count).max() ?? 0
        runs = (0..<rounds).flatMap { round in
            study.rows.filter { round < $0.seeds.count }.map { Self.run($0, seed: $0.seeds[round], study) }
        }
        preparations = study.preparations.map { Self.prepared($0, study) }
        steps = Self.ordered(runs, preparations)
    }

    private static func ordered(_ runs: [Run], _ preparations: [Prepared]) -> [StudyStep] {
        var steps: [StudyStep] = [], waiting: [StudyStep] = [], prepared: Set<String> = []
        func prepare(_ preparation: Prepared) {
            guard prepared.insert(preparation.directory).inserted else { return }
            steps += [preparation.training, preparation.targets]
            steps += waiting.filter { prepared.isSuperset(of: $0.needs) }
            waiting.removeAll { prepared.isSuperset(of: $0.needs) }
        }
        for run in runs {
            preparations.filter { run.training.needs.contains($0.directory) }.forEach(prepare)
            let own = [run.training] + run.evaluations.map(\.step) + run.alignments.map(\.step)
            steps += own.filter { prepared.isSuperset(of: $0.needs) }
            waiting += own.filter { !prepared.isSuperset(of: $0.needs) }
        }
        preparations.forEach(prepare)
        return steps
    }

    /// Reads every row's configuration. Throws what is wrong with the first that cannot be read.
    public func validate() throws {
        for step in steps where step.work == .train { _ = try step.configuration() }
    }

    /// The first command whose result is not there, but for those named.
    /// - Parameter rows: all that is wanted: rows, with `-seedN` one of their seeds, and preparations; nil for everything.
    ///   A preparation that a wanted training reads is wanted too. What else reads one that is neither wanted nor there is
    ///   passed over.
    /// - Throws: `usage` for a row that there is not, and what is wrong with a row's configuration.
    public func next(of rows: [String]? = nil, skipping names: [String] = []) throws -> StudyStep? {
        let wanted = try rows.map(directories)
        var blocked: Set<String> = []
        for step in steps {
            if let wanted, !wanted.contains(step.directory) {
                let isPreparation = preparations.contains { $0.directory == step.directory }
                if isPreparation, try !step.isDone() { blocked.insert(step.directory) }
                continue
            }
            if names.contains(step.name) || blocked.contains(step.directory) || !blocked.isDisjoint(with: step.needs) {
                // Nothing follows from a training that is not there.
                blocked.insert(step.directory)
                continue
            }
            if try !step.isDone() { return step }
        }
        return nil
    }

    /// The run directories of rows and preparations, and of the preparations that their trainings read.
    private func directories(of rows: [String]) throws -> Set<String> {
        try rows.reduce(into: []) { found, name in
            let chosen = runs.filter { $0.row.name == name || $0.name == name }
            let prepared = preparations.filter { $0.name == name }.map(\.directory)
            guard !(chosen.isEmpty && prepared.isEmpty) else {
                let known = preparations.map(\.name) + study.rows.map(\.name)
                throw Failure(
                    .usage, "row \"\(name)\" is unknown, expected some of \(known.joined(separator: ", "))")
            }
            found.formUnion(prepared + chosen.flatMap { [$0.directory] + $0.training.needs })
        }
    }

    static func name(_ row: Row, _ seed: UInt64) -> String { "\(row.name)-seed\(seed)" }

    /// The run directories of the preparations whose files a command's words name.
    private static func needs(_ words: [String], _ study: Study) -> [String] {
        study.preparations.map { directory(of: $0, study) }.filter { directory in
            words.contains { $0.contains(directory + "/") }
        }
    }

    private static func directory(of preparation: Preparation, _ study: Study) -> String {
        "\(study.runs)/\(preparation.name)"
    }

    private static func prepared(_ preparation: Preparation, _ study: Study) -> Prepared {
        let directory = directory(of: preparation, study)
        let sets = preparation.set.flatMap { ["--set", study.resolved($0)] }
        return Prepared(
            name: preparation.name,
            training: StudyStep(
                name: "\(preparation.name) train",
                arguments: ["train", preparation.configuration, "--run-dir", directory] + sets, work: .train,
                directory: directory),
            targets: StudyStep(
                name: "\(preparation.name) targets",
                arguments: [
                    "targets", preparation.configuration, "--run-dir", directory, "--out",
                    "\(directory)/targets.safetensors",
                ] + sets, work: .computeTargets, directory: directory))
    }

    private static func run(_ row: Row, seed: UInt64, _ study: Study) -> Run {
        let directory = "\(study.runs)/\(name(row, seed))"
        let configuration = row.configuration.isEmpty ? study.configuration : row.configuration
        let sets = (study.set + row.set + ["seed=\(seed)"]).flatMap { ["--set", study.resolved($0)] }
        let training = StudyStep(
            name: "\(name(row, seed)) train", arguments: ["train", configuration, "--run-dir", directory] + sets,
            work: .train, directory: directory, needs: needs(sets, study))
        let wanted = study.evaluations.filter { row.evaluations?.contains($0.name) ?? true }
        let evaluations = wanted.map { evaluation in
            var arguments = [
                "--attack", evaluation.attack.joined(separator: ","), "--norm", evaluation.norm, "--epsilon",
                evaluation.epsilon, "--resume", "--out", "\(directory)/\(evaluation.name)",
            ]
            if let samples = row.samples ?? evaluation.samples { arguments += ["--samples", "\(samples)"] }
            if !evaluation.curve.isEmpty { arguments += ["--curve", evaluation.curve.joined(separator: ",")] }
            return (
                evaluation.name,
                StudyStep(
                    name: "\(name(row, seed)) \(evaluation.name)", arguments: arguments,
                    work: .evaluate(evaluation.name), directory: directory)
            )
        }
        let alignments = study.alignments.map { alignment in
            let targets = study.resolved(alignment.targets)
            return (
                alignment.name,
                StudyStep(
                    name: "\(name(row, seed)) \(alignment.name)",
                    arguments: [
                        "alignment", directory, "--targets", targets, "--samples", "\(alignment.samples)", "--norm",
                        alignment.norm, "--epsilon", alignment.epsilon, "--out",
                        StudyStep.alignmentFile(alignment.name, directory),
                    ], work: .measureAlignment(alignment.name), directory: directory, needs: needs([targets], study))
            )
        }
        return Run(
            row: row, seed: seed, directory: directory, training: training, evaluations: evaluations,
            alignments: alignments)
    }
}
