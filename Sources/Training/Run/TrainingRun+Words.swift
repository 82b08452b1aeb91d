import Failures
import Targets

/// What a run tells the user about itself.
extension TrainingRun {
    func describeStart() throws {
        let train = configuration.train
        logger.info(
            """
            \(data.train.name): \(data.train.count) images to train on, \(data.validation.count) held out; \
            \(description.classes) classes of \(data.train.shape); \
            model of \(state.network.model.parameterCount) parameters
            """)
        if let origin = state.origin { logger.info("started from the weights of \(origin.path)") }
        if firstStep >= steps {
            logger.info(
                "all \(steps) steps are done; to go on raise train.epochs, or start a new run from a checkpoint with --from"
            )
        }
        logger.info(
            """
            \(steps) steps of \(train.batch) images in \(train.shards) shards; \
            \(configuration.loss.title); \
            run directory \(directory)
            """)
        try log?.event(firstStep > 0 ? "resume" : "start", step: firstStep, "\(communicator.size) ranks")
    }

    func warnOfWhatTeachesNothing(_ targets: (any TargetSource)?) {
        for oddity in data.train.oddities(ofFirst: data.train.count) { warn("\(data.train.name): \(oddity)") }
        for notice in targets?.notices ?? [] { warn(notice) }
        if configuration.monitor.everyEpochs > 0, data.validation.count == 0 {
            warn("no images are held out, so the monitor has nothing to look at and no checkpoint is the best one")
        }
    }

    func writeTrace() throws {
        guard let path = configuration.profile.trace, let trace = pool.execution.trace else { return }
        let spans = trace.stop()
        try TraceFile.write(spans, rank: communicator.rank, to: TraceFile.path(path, rank: communicator.rank))
        if isLeader { logger.info("timeline of \(state.step - firstStep) steps, \(spans.count) spans: \(path)") }
    }

    func describeMemory() {
        guard isLeader else { return }
        func megabytes(_ bytes: Int) -> String { rounded(Double(bytes) / 1e6, 1) + " MB" }
        logger.info(
            """
            memory of a step: tensors at most \(megabytes(pool.usage.peak)), \(megabytes(pool.usage.reserved)) taken; \
            peak resident set \(megabytes(peakResidentBytes()))
            """)
    }

    func warn(_ message: String) {
        progress.clear()
        logger.warning("\(message)")
    }
}
