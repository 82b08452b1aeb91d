import Glibc

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
        if !report.parts.denoising.contains(where: { $0.images > 0 }) {
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

/// A number with a fixed number of decimals.
public func rounded(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let power = pow(10, Double(decimals)), scaled = (abs(value) * power).rounded()
    guard scaled < 1e15 else { return String(value) }
    var digits = String(Int(scaled))
    if decimals > 0 {
        digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals))
    }
    return (value < 0 && scaled > 0 ? "-" : "") + digits
}

/// Seconds as `2 h 05 min`, `3 min 20 s` or `12 s`.
public func duration(_ seconds: Double) -> String {
    let total = Int(max(0, min(seconds, 1e9)).rounded())
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    if total >= 3600 { return "\(total / 3600) h \(two(total / 60 % 60)) min" }
    if total >= 60 { return "\(total / 60) min \(two(total % 60)) s" }
    return "\(total) s"
}

func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}

/// Whether a person watches standard error: a terminal, or a launcher that says it has one (behind mpirun, ranks see a
/// pipe).
public func showsProgress() -> Bool {
    isatty(STDERR_FILENO) == 1 || getenv("PAG_TERMINAL").map { String(cString: $0) == "1" } ?? false
}
