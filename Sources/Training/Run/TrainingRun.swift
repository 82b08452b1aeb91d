import Autodiff
import Checkpoints
import Configuration
import Data
import Distributed
import Failures
import Figures
import Formats
import Kernels
import Layers
import Logging
import Models
import Targets
import Tracing

/// A run from its configuration to its last checkpoint: opens, resumes, steps, watches, saves.
public final class TrainingRun {
    let configuration: RunConfiguration
    let directory: String
    let communicator: any Communicator
    let logger: Logger
    let pool: MemoryPool
    /// The run's images.
    public let data: TrainingData
    let description: ModelDescription
    let state: TrainingState
    let step: TrainingStep
    private let stop: StopRequest
    private let monitors: [any HeldOutMonitor]
    private let targets: AlignmentTargets
    let folder: CheckpointFolder
    /// The run directory's, so that no other job writes into it.
    let lock: JobLock
    private(set) var log: MetricsLog?
    private(set) var progress: ProgressLine
    /// Figures whose alarm was said, and is not to be said again for now.
    var raised: Set<Figure> = []
    /// What monitors noted, which is said once.
    private var saidNotes: Set<String> = []
    private var loggedProcessorTime = 0.0
    let firstStep: Int
    let steps: Int

    var isLeader: Bool { communicator.rank == 0 }

    /// Opens data and model, resumes, and prepares target gradients. Collective. Throws what is wrong with the
    /// configuration, the data, or the checkpoint.
    /// - Parameters:
    ///   - warmStart: the weights that a new run starts from, nil for random ones.
    ///   - robustness: who attacks a classifier on held-out images; nil: nobody.
    public init(
        _ given: RunConfiguration, directory: String, resume: Resume, from warmStart: WarmStart? = nil,
        communicator: any Communicator, logger: Logger, robustness: RobustnessMeasurement?
    ) throws {
        self.directory = directory
        self.communicator = communicator
        self.logger = logger
        stop = try StopRequest()
        pool = MemoryPool(
            for: Execution(
                convolution: given.compute.convolution, products: given.compute.products,
                trace: given.profile.trace == nil ? nil : SpanRecorder(),
                trap: given.compute.trapNonFinite ? NonFiniteTrap() : nil))
        communicator.heartbeat.beat("data", step: 0)
        let data = try given.openData { communicator.heartbeat.beat() }
        self.data = data
        try requireSameData(data.splits, over: communicator)
        let targets = AlignmentTargets(given, data, communicator)
        self.targets = targets
        let context = HeldOutContext(
            data: data, settings: given.monitor, alignment: given.loss.alignment, seed: given.seed, pool: pool,
            communicator: communicator, robustness: robustness, unseenTargets: targets.prepareUnseen)
        monitors = given.loss.kind.monitors(context)
        if data.validation.count > 0 { for monitor in monitors { try monitor.validate() } }
        try TraceFile.requirePlace(given.profile.trace)
        let configuration = given.resolved(
            for: data, normalize: warmStart?.normalize(channels: data.train.shape.channels))
        self.configuration = configuration
        let shape = data.train.shape
        var description = ModelDescription(
            configuration: configuration.model, input: [shape.height, shape.width, shape.channels],
            classes: data.train.classNames.count)
        let model = try description.model()
        description.structure = model.structure
        self.description = description
        // The parameters, the sum of their gradients, and what an optimiser keeps at least.
        try model.requireMemory(vectors: 3)
        state = TrainingState(
            initialising: model, configuration.train, seed: configuration.seed, in: pool)
        try warmStart?.load(state, as: description)
        folder = CheckpointFolder(path: directory + "/checkpoints")
        let earlier: String?
        (lock, earlier) = try RunDirectory(directory).take(for: resume, communicator, logger)
        var resumed = try resume.load(state, from: folder, configuration, data, communicator)
        if let earlier { resumed.notices.append("the earlier run is kept as \(earlier)") }
        firstStep = state.step
        steps = data.stepsPerEpoch(batch: configuration.train.batch) * configuration.train.epochs
        progress = ProgressLine(firstStep: firstStep, steps: steps)

        let source = try targets.prepare()
        try Self.require(source, of: state, resumed.path)
        if data.validation.count > 0 { for monitor in monitors { try monitor.prepare() } }
        let loader = source.map {
            TargetLoader(
                $0, train: data.train, seed: configuration.seed,
                classesPerImage: configuration.loss.alignment.classesPerImage.perImage)
        }
        step = try TrainingStep(
            configuration, data: data, targets: loader, model: model, communicator: communicator, stop: stop, pool: pool
        )
        try checkReplicas()
        // A new run's weights are its own from the start: it can go on without the file that they came from.
        if warmStart != nil, resumed.path.isEmpty { try write(folder.file(step: 0), mustSucceed: true) }
        if isLeader {
            try AtomicFile.write(try Configuration.text(of: configuration), to: directory + "/config.yaml")
            log = try MetricsLog(runDirectory: directory, resumeStep: firstStep > 0 ? firstStep : nil)
            let shortfalls = configuration.shortfalls(data).map(\.description)
            for notice in data.splits.notices + shortfalls + resumed.notices { logger.notice("\(notice)") }
            warnOfWhatTeachesNothing(source)
            try describeStart()
        }
    }

    /// A run goes on with the target gradients that it began with, wherever they lie.
    private static func require(_ targets: (any TargetSource)?, of state: TrainingState, _ resumed: String) throws {
        if let known = state.targetsHash, let hash = targets?.contentHash, known != hash {
            throw Failure(
                .usage,
                "\(resumed): was trained on other target gradients than loss.alignment.targets has now; choose "
                    + "another --run-dir, with --from for these weights")
        }
        state.targetsHash = targets?.contentHash
    }

    /// Target gradients for images that are not trained on, also in a run without the alignment term, where nil stands
    /// for what cannot be had too. Collective.
    public func unseenTargets() throws -> (any UnseenTargets)? { try targets.prepareUnseen() }

    /// The network as it stands, and the parameters to evaluate it with: the average where the run keeps one.
    public var network: (state: ModelState, parameters: Storage) { (state.network, state.evaluated) }

    /// Lets other jobs use the run directory, which happens at the latest when the run is released.
    public func leaveDirectory() { lock.release() }

    /// Adds pictures to the run's TensorBoard events. Rank 0's affair; elsewhere nothing happens.
    public func record(pictures: [(name: String, image: RasterImage)]) throws {
        for picture in pictures { try log?.picture(picture.name, picture.image, step: state.step) }
    }

    /// Trains to the end. Throws `stoppedOnRequest` after a signal, with a checkpoint written.
    public func run() throws {
        let stepsPerEpoch = data.stepsPerEpoch(batch: configuration.train.batch)
        var epochStart = monotonicSeconds()
        var skipped = 0
        while state.step < steps {
            let stepStart = monotonicSeconds()
            let report = try step(state)
            let rate = Double(configuration.train.batch) / max(1e-9, monotonicSeconds() - stepStart)
            try log?.step(report, step.figures, imagesPerSecond: rate)
            if isLeader { progress.show(report, step.figures, imagesPerSecond: rate) }
            skipped = report.isFinite ? 0 : skipped + 1
            try handleNonFinite(report, skippedInARow: skipped)
            try noticeAlarms(report)
            if state.step == firstStep + 1 { describeMemory() }
            if state.step == min(steps, firstStep + configuration.profile.steps) { try writeTrace() }

            let every = configuration.compute.replicaCheckEvery
            if every > 0, state.step % every == 0 { try checkReplicas() }
            if state.step % stepsPerEpoch == 0 {
                try finishEpoch(report.epoch, seconds: monotonicSeconds() - epochStart)
                epochStart = monotonicSeconds()
            }
            if report.stopRequested, state.step < steps { try stopOnRequest() }
            let saveEvery = configuration.checkpoint.everySteps
            if saveEvery > 0, state.step % saveEvery == 0, state.step < steps { try save(isLast: false) }
        }
        progress.clear()
        if firstStep < steps { try save(isLast: true) }
        if isLeader { try log?.flush() }
    }

    /// The processor time of all ranks since this was asked last, or since the program began: what is done before the
    /// first step, such as a search for neighbours, is a part of what a training costs. Collective.
    func processorSecondsSinceLast() throws -> Double {
        let now = processorTimeSeconds()
        defer { loggedProcessorTime = now }
        return try communicator.combineValues([now - loggedProcessorTime], +)[0]
    }

    private func finishEpoch(_ epoch: Int, seconds: Double) throws {
        let processorSeconds = try processorSecondsSinceLast()
        let reports = try lookAtHeldOutImages(after: epoch)
        if noticeBest(reports) { try write(folder.best, mustSucceed: false) }
        guard isLeader else { return }
        try log?.epoch(
            epoch, step: state.step, seconds: seconds, processorSeconds: processorSeconds, heldOut: reports)
        progress.clear()
        let summaries = reports.map(\.summary).filter { !$0.isEmpty }.joined(separator: "; ")
        logger.info(
            """
            epoch \(epoch + 1)/\(configuration.train.epochs): \(rounded(seconds, 1)) s\
            \(summaries.isEmpty ? "" : ", ")\(summaries)
            """)
    }

    private func lookAtHeldOutImages(after epoch: Int) throws -> [HeldOutReport] {
        let every = configuration.monitor.everyEpochs
        guard every > 0, (epoch + 1) % every == 0 || state.step == steps, data.validation.count > 0 else { return [] }
        communicator.heartbeat.beat("monitor", step: state.step)
        let reports = try monitors.map { try $0(state.network, parameters: state.evaluated) }
        if isLeader { for note in reports.flatMap(\.notes) where saidNotes.insert(note).inserted { warn(note) } }
        return reports
    }

    /// Whether what was found is better than all before.
    private func noticeBest(_ reports: [HeldOutReport]) -> Bool {
        let rule = configuration.loss.kind.best
        guard let found = reports.lazy.compactMap({ $0[rule.figure] }).first, rule.isBetter(found, than: state.best)
        else { return false }
        state.best = found
        return true
    }
}
