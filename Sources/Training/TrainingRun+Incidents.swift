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

    func noticeCollapse(_ report: StepReport) throws {
        guard report.parts.gradients > 0 else { return }
        let collapsed = 2 * report.parts.zeroGradients > report.parts.gradients
        defer { hasCollapsed = collapsed }
        guard collapsed, !hasCollapsed else { return }
        let share = 100 * Double(report.parts.zeroGradients) / Double(report.parts.gradients)
        let message =
            "step \(report.step): collapse: \(rounded(share, 0)) % of the input gradients are zero, so the alignment "
            + "term no longer teaches; lower loss.alignment.weight or the learning rate, or take a smooth activation"
        try log?.event("collapse", step: report.step, message)
        if isLeader { warn(message) }
    }

    func noticeEmptyTargets(_ report: StepReport) throws {
        guard report.parts.gradients > 0, !hasEmptyTargets, 2 * report.parts.emptyTargets > report.parts.gradients else {
            return
        }
        hasEmptyTargets = true
        let share = 100 * Double(report.parts.emptyTargets) / Double(report.parts.gradients)
        let message = "step \(report.step): \(rounded(share, 0)) % of the target gradients are zero or beyond all numbers, and teach nothing; see "
            + "loss.alignment.targets and the images"
        try log?.event("empty-targets", step: report.step, message)
        if isLeader { warn(message) }
    }

    func warn(_ message: String) {
        progress.clear()
        logger.warning("\(message)")
    }

    func checkReplicas() throws {
        let parameters = state.model.parameters
        try communicator.requireAgreement(
            on: UnsafeRawBufferPointer(
                start: parameters.pointer, count: parameters.count * MemoryLayout<Scalar>.stride),
            "the parameters at step \(state.step)")
    }

    func stopOnRequest() throws {
        try save(isLast: true)
        try log?.event("stop", step: state.step, "stopped on request")
        progress.clear()
        throw Failure(
            .stoppedOnRequest,
            "stopped on request at step \(state.step) of \(steps); checkpoint written to "
                + "\(folder.file(step: state.step)); run again to go on")
    }
}
