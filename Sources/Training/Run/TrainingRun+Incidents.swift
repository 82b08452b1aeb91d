import Failures
import Kernels

/// What can go wrong in a run, and what is done about it.
extension TrainingRun {
    func handleNonFinite(_ report: StepReport, skippedInARow: Int) throws {
        guard !report.isFinite else { return }
        let images = report.nonFiniteImages.map { data.train.indices[$0] }
        let message =
            "step \(report.step): loss or gradient is not finite (loss \(report.loss), gradient norm "
            + "\(report.gradientNorm)); shards of training images "
            + images.prefix(64).map(String.init).joined(separator: " ")
        try log?.event("non-finite", step: report.step, message, images: images)
        guard configuration.train.nonFinite == .skip, skippedInARow < 10 else {
            throw Failure(.checkFailed, message + (skippedInARow >= 10 ? "; the tenth step in a row" : ""))
        }
        if isLeader { warn(message + "; the step is skipped") }
    }

    /// Says what the objective wants to be said of its figures.
    func noticeAlarms(_ report: StepReport) throws {
        for declared in step.figures {
            guard let alarm = declared.alarm, let value = report.figures[declared.figure].value else { continue }
            let isNew = value > alarm.threshold && !raised.contains(declared.figure)
            if value > alarm.threshold { raised.insert(declared.figure) }
            if value <= alarm.threshold, alarm.isRepeated { raised.remove(declared.figure) }
            guard isNew else { continue }
            let message = "step \(report.step): \(alarm.message(value))"
            try log?.event(alarm.event, step: report.step, message)
            if isLeader { warn(message) }
        }
    }

    func checkReplicas() throws {
        let parameters = state.network.parameters
        try communicator.requireAgreement(
            on: UnsafeRawBufferPointer(
                start: parameters.pointer, count: parameters.count * MemoryLayout<Scalar>.stride),
            "the parameters at step \(state.step)")
    }

    func stopOnRequest() throws {
        try save(isLast: true)
        let processorSeconds = try processorSecondsSinceLast()
        try log?.event("stop", step: state.step, "stopped on request", processorSeconds: processorSeconds)
        progress.clear()
        throw Failure(
            .stoppedOnRequest,
            "stopped on request at step \(state.step) of \(steps); checkpoint written to "
                + "\(folder.file(step: state.step)); run again to go on")
    }
}
