import Glibc
import Tracing

/// One line on a terminal that is written over and over; nothing at all where standard error is not a terminal.
final class ProgressLine {
    private let isTerminal = showsProgress()
    private let start = monotonicSeconds()
    private let firstStep: Int
    private let steps: Int
    private var lastDrawn = 0.0
    private var isDrawn = false

    init(firstStep: Int, steps: Int) {
        self.firstStep = firstStep
        self.steps = steps
    }

    func show(_ report: StepReport, _ declared: [StepFigure], imagesPerSecond: Double) {
        guard isTerminal else { return }
        let now = monotonicSeconds()
        guard now - lastDrawn >= 0.2 || report.step + 1 == steps else { return }
        lastDrawn = now
        let done = report.step + 1
        let remaining = (now - start) / Double(max(1, done - firstStep)) * Double(steps - done)
        var text = "epoch \(report.epoch + 1)  step \(done)/\(steps)  loss \(rounded(report.loss, 3))"
        for figure in declared {
            guard let value = report.figures[figure.figure].value else { continue }
            switch figure.progress {
            case .number(let label, let decimals): text += "  \(label) \(rounded(value, decimals))"
            case .percent(let label, let decimals): text += "  \(label) \(rounded(100 * value, decimals)) %"
            case nil: break
            }
        }
        text += "  \(rounded(imagesPerSecond, 0)) images/s  \(duration(remaining)) left"
        writeProgress(clearedLine + text)
        isDrawn = true
    }

    /// Makes room for an ordinary line.
    func clear() {
        guard isDrawn else { return }
        writeProgress(clearedLine)
        isDrawn = false
    }
}

/// Empties a terminal's line.
public let clearedLine = "\r\u{1B}[2K"

/// To standard error. What cannot be shown is no reason to stop.
public func writeProgress(_ text: String) {
    _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}

/// Whether a person watches standard error: a terminal, or a launcher that says it has one (behind mpirun, ranks see a
/// pipe).
public func showsProgress() -> Bool {
    isatty(STDERR_FILENO) == 1 || getenv("PAG_TERMINAL").map { String(cString: $0) == "1" } ?? false
}
