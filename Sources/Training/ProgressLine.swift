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

    func show(_ report: StepReport, imagesPerSecond: Double) {
        guard isTerminal else { return }
        let now = monotonicSeconds()
        guard now - lastDrawn >= 0.2 || report.step + 1 == steps else { return }
        lastDrawn = now
        let done = report.step + 1
        let remaining = (now - start) / Double(max(1, done - firstStep)) * Double(steps - done)
        let images = Double(max(1, report.parts.images))
        var text = "epoch \(report.epoch + 1)  step \(done)/\(steps)  loss \(rounded(report.loss, 3))"
        if report.parts.gradients > 0 {
            text += "  cosine \(rounded(report.parts.cosine / Double(report.parts.gradients), 3))"
        }
        if !report.parts.areOfDenoiser {
            text += "  accuracy \(rounded(100 * Double(report.parts.correct) / images, 1)) %"
        }
        text += "  \(rounded(imagesPerSecond, 0)) images/s  \(duration(remaining)) left"
        write("\r\u{1B}[2K" + text)
        isDrawn = true
    }

    /// Makes room for an ordinary line.
    func clear() {
        guard isDrawn else { return }
        write("\r\u{1B}[2K")
        isDrawn = false
    }

    private func write(_ text: String) {
        // A line that cannot be shown is no reason to stop.
        _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
    }
}

/// Whether a person watches standard error: a terminal, or a launcher that says it has one (behind mpirun, ranks see a
/// pipe).
public func showsProgress() -> Bool {
    isatty(STDERR_FILENO) == 1 || getenv("PAG_TERMINAL").map { String(cString: $0) == "1" } ?? false
}
