import Autodiff
import Checkpoints
import Configuration
import Data
import Distributed
import Failures
import Formats
import Kernels
import Layers
import Logging
import Models
import Targets
import Tracing

/// What the monitor found on held-out images.
public struct MonitorReport: Sendable {
    public var cleanAccuracy: Double
    public var robustAccuracy: Double
    /// What makes the accuracies less than they seem.
    public var notes: [String]
    public init(cleanAccuracy: Double, robustAccuracy: Double, notes: [String] = []) {
        self.cleanAccuracy = cleanAccuracy
        self.robustAccuracy = robustAccuracy
        self.notes = notes
    }
}

/// Where a run starts from.
public enum Resume: Sendable, Equatable {
    /// The newest intact checkpoint of the run directory, or the start.
    case auto
    case none
    case file(String)
}

/// A run from its configuration to its last checkpoint: opens, resumes, steps, watches, saves.
public final class TrainingRun {
    /// Looks at a classifier on held-out images.
    public struct Monitor {
        let validate: (TrainingData) throws -> Void
        let evaluate: (ModelState, Storage, TrainingData) throws -> MonitorReport

        /// - Parameters:
        ///   - validate: throws, before anything is computed, what `evaluate` could not do with such data.
        ///   - evaluate: measures with the given parameters. Collective.
        public init(
            validate: @escaping (TrainingData) throws -> Void = { _ in },
            evaluate: @escaping (ModelState, Storage, TrainingData) throws -> MonitorReport
        ) {
            self.validate = validate
            self.evaluate = evaluate
        }
    }

    let configuration: RunConfiguration
    private let directory: String
    let communicator: any Communicator
    let logger: Logger
    private let pool: MemoryPool
    public let data: TrainingData
    let description: ModelDescription
    let state: TrainingState
    private let step: TrainingStep
    private let stop: StopRequest
    private let monitor: Monitor?
    private let alignmentMonitor: AlignmentMonitor?
    private let denoisingMonitor: DenoisingMonitor?
    let folder: CheckpointFolder
    /// The run directory's, so that no other job writes into it.
    let lock: JobLock
    private(set) var log: MetricsLog?
    private(set) var progress: ProgressLine
    /// Whether the last step's input gradients were mostly zero.
    var hasCollapsed = false
    /// Whether it was said that most target gradients teach nothing.
    var hasEmptyTargets = false
    /// What the monitor noted, which is said once.
    private var saidNotes: Set<String> = []
    private let firstStep: Int
    let steps: Int

    var isLeader: Bool { communicator.rank == 0 }

    /// Opens data and model, resumes, and prepares target gradients. Collective. Throws what is wrong with the
    /// configuration, the data, or the checkpoint.
    /// - Parameter warmStart: the weights that a new run starts from, nil for random ones.
    public init(
        _ given: RunConfiguration, directory: String, resume: Resume, from warmStart: WarmStart? = nil,
        communicator: any Communicator, logger: Logger, monitor: Monitor?
    ) throws {
        self.directory = directory
        self.communicator = communicator
        self.logger = logger
        self.monitor = monitor
        stop = try StopRequest()
        pool = MemoryPool(
            for: Execution(
                convolution: given.compute.convolution, trace: given.profile.trace == nil ? nil : SpanRecorder(),
                trap: given.compute.trapNonFinite ? NonFiniteTrap() : nil))
        communicator.heartbeat.beat("data", step: 0)
        data = try TrainingData(given) { communicator.heartbeat.beat() }
        try requireSameData(data.splits, over: communicator)
        if data.validation.count > 0 { try monitor?.validate(data) }
        try TraceFile.requirePlace(given.profile.trace)
        var resolved = given
        let shape = data.train.shape
        resolved.model.inChannels = resolved.model.inChannels ?? shape.channels
        resolved.model.normalize = resolved.model.normalize ?? warmStart?.normalize(channels: shape.channels)
            ?? resolved.standardNormalisation(data.splits)
        resolved.loss = given.loss.resolved
        configuration = resolved
        description = ModelDescription(
            configuration: resolved.model, input: [shape.height, shape.width, shape.channels],
            classes: data.train.classNames.count)
        let model = try description.model()
        // The parameters, the sum of their gradients, and what an optimiser keeps at least.
        try model.requireMemory(vectors: 3)
        state = TrainingState(initialising: model, resolved, in: pool)
        try warmStart?.load(state, as: description)
        folder = CheckpointFolder(path: directory + "/checkpoints")
        let earlier: String?
        (lock, earlier) = try Self.takeDirectory(directory, resume, communicator, logger)
        var (resumed, notices) = try Self.prepareDirectory(folder, resolved, resume: resume, state, data, communicator)
        if let earlier { notices.append("the earlier run is kept as \(earlier)") }
        firstStep = state.step
        steps = data.stepsPerEpoch(batch: resolved.train.batch) * resolved.train.epochs
        progress = ProgressLine(firstStep: firstStep, steps: steps)

        let targets = try Self.targets(resolved, data, communicator)
        if let known = state.targetsHash, let hash = targets?.contentHash, known != hash {
            throw Failure(
                .usage, "\(resumed): was trained on other target gradients than loss.alignment.targets has now; choose "
                    + "another --run-dir, with --from for these weights")
        }
        state.targetsHash = targets?.contentHash
        let data = data
        let loader = targets.map {
            TargetLoader(
                $0, train: data.train, seed: resolved.seed,
                classesPerImage: resolved.loss.alignment.classesPerImage.perImage)
        }
        alignmentMonitor = try Self.alignmentMonitor(resolved, data, in: pool, communicator)
        denoisingMonitor = Self.denoisingMonitor(resolved, data, in: pool, communicator)
        step = try TrainingStep(
            resolved, data: data, targets: loader, model: model, communicator: communicator, stop: stop, pool: pool)
        try checkReplicas()
        // A new run's weights are its own from the start: it can go on without the file that they came from.
        if warmStart != nil, resumed.isEmpty { try write(folder.file(step: 0), mustSucceed: true) }
        if isLeader {
            try AtomicFile.write(try Configuration.text(of: resolved), to: directory + "/config.yaml")
            log = try MetricsLog(runDirectory: directory, resumeStep: firstStep > 0 ? firstStep : nil)
            for notice in data.splits.notices + notices { logger.notice("\(notice)") }
            warnOfWhatTeachesNothing(targets)
            try describeStart()
        }
    }

    private static func targets(
        _ configuration: RunConfiguration, _ data: TrainingData, _ communicator: any Communicator
    ) throws -> (any TargetSource)? {
        guard let alignment = configuration.loss.activeAlignment else { return nil }
        communicator.heartbeat.beat("target gradients", step: 0)
        return try alignment.targets.prepare(targetContext(configuration, data, communicator))
    }

    /// Nil where nothing is to be measured, or where the targets know no other images than those trained on.
    private static func alignmentMonitor(
        _ configuration: RunConfiguration, _ data: TrainingData, in pool: MemoryPool, _ communicator: any Communicator
    ) throws -> AlignmentMonitor? {
        let monitor = configuration.monitor
        guard configuration.task == .classifier, monitor.everyEpochs > 0, monitor.alignmentSamples > 0,
            data.validation.count > 0
        else { return nil }
        return try unseenTargets(configuration, data, communicator).map {
            AlignmentMonitor(configuration, data.validation, targets: $0, in: pool, communicator)
        }
    }

    private static func denoisingMonitor(
        _ configuration: RunConfiguration, _ data: TrainingData, in pool: MemoryPool, _ communicator: any Communicator
    ) -> DenoisingMonitor? {
        (configuration.loss.objective as? Denoising).map {
            DenoisingMonitor(
                $0, data.validation, samples: configuration.monitor.samples, seed: configuration.seed, in: pool,
                communicator)
        }
    }

    private static func unseenTargets(
        _ configuration: RunConfiguration, _ data: TrainingData, _ communicator: any Communicator
    ) throws -> (any UnseenTargets)? {
        do {
            return try configuration.loss.alignment.targets.prepareUnseen(
                targetContext(configuration, data, communicator))
        } catch let failure as Failure where failure.kind == .badInput && configuration.loss.activeAlignment == nil {
            // A run that is not aligned needs no targets, so it is none the worse for having none.
            return nil
        }
    }

    private static func targetContext(
        _ configuration: RunConfiguration, _ data: TrainingData, _ communicator: any Communicator
    ) -> TargetContext {
        TargetContext(
            train: data.train, seed: configuration.seed, work: CommunicatorWorkSharing(communicator: communicator))
    }

    /// Target gradients for images that are not trained on, also in a run without the alignment term, where nil stands
    /// for what cannot be had too. Collective.
    public func unseenTargets() throws -> (any UnseenTargets)? {
        try Self.unseenTargets(configuration, data, communicator)
    }

    /// The network as it stands, and the parameters to evaluate it with: the average where the run keeps one.
    public var network: (state: ModelState, parameters: Storage) { (state.model, state.evaluated) }

    /// Makes the run directory this job's own. Where a run is to start anew an earlier one is moved aside; returns its
    /// new name. Collective.
    private static func takeDirectory(
        _ directory: String, _ resume: Resume, _ communicator: any Communicator, _ logger: Logger
    ) throws -> (lock: JobLock, earlier: String?) {
        func take() throws -> JobLock {
            _ = try communicator.leaderDecides {
                try createDirectory(directory)
                try requireNoOtherConfiguration(directory)
                return ""
            }
            return try JobLock(
                path: directory + "/lock", of: directory, task: "a training", advice: "choose another --run-dir",
                over: communicator, waiting: { logger.notice("\($0)") })
        }
        var lock = try take(), earlier = ""
        if resume == .none {
            earlier = try communicator.leaderDecides { try setAside(directory) ?? "" }
            if !earlier.isEmpty {
                lock.release(movedTo: earlier + "/lock")
                lock = try take()
            }
        }
        try lock.keep()
        return (lock, earlier.isEmpty ? nil : earlier)
    }

    /// Rank 0 decides what to resume from, and tells the others; all load the same file.
    /// Returns the checkpoint, empty for none, and what the user should know.
    private static func prepareDirectory(
        _ folder: CheckpointFolder, _ configuration: RunConfiguration, resume: Resume, _ state: TrainingState,
        _ data: TrainingData, _ communicator: any Communicator
    ) throws -> (resumed: String, notices: [String]) {
        var notices: [String] = []
        var chosen = ""
        func load(_ path: String) throws {
            let notice = try TrainingCheckpoint.load(state, from: path, configuration, data: data)
            notices += [notice].compactMap(\.self)
        }
        if communicator.rank == 0 {
            try createDirectory(folder.path)
            try removeLeftovers(folder.path)
            switch resume {
            case .none: break
            case .file(let path):
                try load(path)
                chosen = path
            case .auto:
                for candidate in try folder.numbered() {
                    do {
                        try load(candidate.path)
                        chosen = candidate.path
                        break
                    } catch let failure as Failure where failure.kind == .badInput {
                        notices.append("damaged checkpoint passed over: \(failure)")
                    }
                }
            }
        }
        chosen = String(decoding: try communicator.broadcast(Array(chosen.utf8), from: 0), as: UTF8.self)
        if !chosen.isEmpty {
            if communicator.rank != 0 { try load(chosen) }
            notices.append("resumed from \(chosen) at step \(state.step)")
        }
        return (chosen, notices)
    }

    private static func removeLeftovers(_ path: String) throws { _ = try AtomicFile.removeTemporaries(in: path) }

    /// Lets other jobs use the run directory, which happens at the latest when the run is released.
    public func leaveDirectory() { lock.release() }

    // MARK: The loop

    /// Trains to the end. Throws `stoppedOnRequest` after a signal, with a checkpoint written.
    public func run() throws {
        let stepsPerEpoch = data.stepsPerEpoch(batch: configuration.train.batch)
        var epochStart = monotonicSeconds(), processorStart = processorTimeSeconds()
        var skipped = 0
        while state.step < steps {
            let stepStart = monotonicSeconds()
            let report = try step(state)
            let rate = Double(configuration.train.batch) / max(1e-9, monotonicSeconds() - stepStart)
            try log?.step(report, imagesPerSecond: rate)
            if isLeader { progress.show(report, imagesPerSecond: rate) }
            skipped = report.isFinite ? 0 : skipped + 1
            try handleNonFinite(report, skippedInARow: skipped)
            try noticeCollapse(report)
            try noticeEmptyTargets(report)
            if state.step == firstStep + 1 { describeMemory() }
            if state.step == min(steps, firstStep + configuration.profile.steps) { try writeTrace() }

            let every = configuration.compute.replicaCheckEvery
            if every > 0, state.step % every == 0 { try checkReplicas() }
            if state.step % stepsPerEpoch == 0 {
                try finishEpoch(
                    report.epoch, seconds: monotonicSeconds() - epochStart,
                    processorSeconds: processorTimeSeconds() - processorStart)
                (epochStart, processorStart) = (monotonicSeconds(), processorTimeSeconds())
            }
            if report.stopRequested, state.step < steps { try stopOnRequest() }
            let saveEvery = configuration.checkpoint.everySteps
            if saveEvery > 0, state.step % saveEvery == 0, state.step < steps { try save(isLast: false) }
        }
        progress.clear()
        if firstStep < steps { try save(isLast: true) }
        if isLeader { try log?.flush() }
    }

    /// - Parameter processorSeconds: of this rank.
    private func finishEpoch(_ epoch: Int, seconds: Double, processorSeconds: Double) throws {
        let processorSeconds = try communicator.combineValues([processorSeconds], +)[0]
        var monitored: MonitorReport?, alignment: HeldOutAlignment?, error: HeldOutError?
        let every = configuration.monitor.everyEpochs
        if every > 0, (epoch + 1) % every == 0 || state.step == steps, data.validation.count > 0 {
            communicator.heartbeat.beat("monitor", step: state.step)
            monitored = try monitor?.evaluate(state.model, state.evaluated, data)
            if isLeader { for note in monitored?.notes ?? [] where saidNotes.insert(note).inserted { warn(note) } }
            alignment = try alignmentMonitor?(state.model, parameters: state.evaluated)
            error = try denoisingMonitor?(state.model, parameters: state.evaluated)
            if noticeBest(monitored, error) { try write(folder.best, mustSucceed: false) }
        }
        guard isLeader else { return }
        try log?.epoch(
            epoch, step: state.step, seconds: seconds, processorSeconds: processorSeconds, monitored, alignment, error,
            classNames: data.train.classNames)
        progress.clear()
        let accuracy = monitored.map {
            ", held-out accuracy \(rounded(100 * $0.cleanAccuracy, 1)) % clean, "
                + "\(rounded(100 * $0.robustAccuracy, 1)) % "
                + "under \(configuration.monitor.attack)"
        }
        let heldOut = error.map { ", held-out error \(rounded($0.loss, 5))" }
        let cosines = alignment.map {
            "; cosine to the targets \(rounded($0.mean.clean, 3)) clean, \(rounded($0.mean.perturbed, 3)) perturbed"
        }
        logger.info(
            """
            epoch \(epoch + 1)/\(configuration.train.epochs): \(rounded(seconds, 1)) s\(accuracy ?? "")\(heldOut ?? "")\
            \(cosines ?? "")
            """)
    }

    /// Whether what the monitor found is better than all before.
    private func noticeBest(_ monitored: MonitorReport?, _ error: HeldOutError?) -> Bool {
        if let found = monitored?.robustAccuracy, found > state.bestRobustAccuracy ?? -1 {
            state.bestRobustAccuracy = found
            return true
        }
        if let found = error?.loss, found < state.bestError ?? .infinity {
            state.bestError = found
            return true
        }
        return false
    }

    // MARK: What the user reads

    /// Adds pictures to the run's TensorBoard events. Rank 0's affair; elsewhere nothing happens.
    public func record(pictures: [(name: String, image: RasterImage)]) throws {
        for picture in pictures { try log?.picture(picture.name, picture.image, step: state.step) }
    }

    private func describeStart() throws {
        let train = configuration.train
        logger.info(
            """
            \(data.train.name): \(data.train.count) images to train on, \(data.validation.count) held out; \
            \(description.classes) classes of \(data.train.shape); \
            model of \(state.model.model.parameterCount) parameters
            """)
        if let origin = state.origin { logger.info("started from the weights of \(origin.path)") }
        if firstStep >= steps {
            logger.info(
                "all \(steps) steps are done; to go on raise train.epochs, or start a new run from a checkpoint with --from")
        }
        logger.info(
            """
            \(steps) steps of \(train.batch) images in \(train.shards) shards; \
            \(configuration.loss.title); \
            run directory \(directory)
            """)
        try log?.event(firstStep > 0 ? "resume" : "start", step: firstStep, "\(communicator.size) ranks")
    }

    private func warnOfWhatTeachesNothing(_ targets: (any TargetSource)?) {
        for oddity in data.train.oddities(ofFirst: data.train.count) { warn("\(data.train.name): \(oddity)") }
        for notice in targets?.notices ?? [] { warn(notice) }
        if configuration.monitor.everyEpochs > 0, data.validation.count == 0 {
            warn("no images are held out, so the monitor has nothing to look at and no checkpoint is the best one")
        }
    }

    private func writeTrace() throws {
        guard let path = configuration.profile.trace, let trace = pool.execution.trace else { return }
        let spans = trace.stop()
        try TraceFile.write(spans, rank: communicator.rank, to: TraceFile.path(path, rank: communicator.rank))
        if isLeader { logger.info("timeline of \(state.step - firstStep) steps, \(spans.count) spans: \(path)") }
    }

    private func describeMemory() {
        guard isLeader else { return }
        func megabytes(_ bytes: Int) -> String { rounded(Double(bytes) / 1e6, 1) + " MB" }
        logger.info(
            """
            memory of a step: tensors at most \(megabytes(pool.usage.peak)), \(megabytes(pool.usage.reserved)) taken; \
            peak resident set \(megabytes(peakResidentBytes()))
            """)
    }
}
