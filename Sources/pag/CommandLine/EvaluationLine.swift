import Evaluation
import Tracing
import Training

/// How far an evaluation has come, on standard error: on a terminal one line that is written over and over; elsewhere,
/// as in a batch job's log, a line a minute.
final class EvaluationLine {
    private static let secondsBetweenLines = 60.0

    private let isShown: Bool
    private let isTerminal = showsProgress()
    private var lastShown = monotonicSeconds()

    init(isShown: Bool) { self.isShown = isShown }

    func show(_ progress: EvaluationProgress) {
        guard isShown else { return }
        let now = monotonicSeconds()
        guard isTerminal || now - lastShown >= Self.secondsBetweenLines else { return }
        lastShown = now
        let stage = progress.place.map { "\(progress.stage) (\($0.number) of \($0.of))" } ?? progress.stage
        let left = progress.secondsLeft.map { rounded($0, 0) }.map {
            progress.place == nil ? ", at most \($0) s left" : ", about \($0) s left in all"
        }
        let text = "\(stage): \(progress.done) of \(progress.total) images" + (left ?? "")
        writeProgress(isTerminal ? clearedLine + text : text + "\n")
    }

    func clear() {
        if isShown && isTerminal { writeProgress(clearedLine) }
    }
}
