import Figures
import Formats
import Tracing

/// The record of a run: JSON lines in `metrics.jsonl` and the same figures as TensorBoard events. Rank 0 alone.
final class MetricsLog {
    private let lines: AppendFile
    private let events: TensorBoardWriter

    /// Appends to the run directory's files. `resumeStep` makes TensorBoard drop what an earlier process logged for
    /// later steps. Throws `inputOutput`.
    init(runDirectory: String, resumeStep: Int?) throws {
        lines = try AppendFile(path: runDirectory + "/metrics.jsonl")
        events = try TensorBoardWriter(directory: runDirectory + "/tensorboard", resumeStep: resumeStep)
    }

    /// - Parameter declared: what the objective says of a step; a figure of nothing is left out.
    func step(_ report: StepReport, _ declared: [StepFigure], imagesPerSecond: Double) throws {
        let means = declared.compactMap { figure in
            report.figures[figure.figure].value.map { (figure.figure, JSONValue.number($0)) }
        }
        let figures: [(Figure, JSONValue)] =
            [(.loss, .number(report.loss))] + means + [
                (.learningRate, .number(report.learningRate)),
                (.imagesPerSecond, .number((imagesPerSecond * 10).rounded() / 10)),
                (.parameterGradientNorm, .number(report.gradientNorm)),
            ]
        try write(
            "step", [("step", JSONValue(report.step)), ("epoch", JSONValue(report.epoch))], figures, "train",
            report.step)
    }

    /// - Parameters:
    ///   - seconds: of the epoch's steps, by the clock.
    ///   - processorSeconds: of all ranks since the last epoch's end, its monitor included, or since the program began.
    func epoch(
        _ epoch: Int, step: Int, seconds: Double, processorSeconds: Double, heldOut reports: [HeldOutReport]
    ) throws {
        let times: [(Figure, JSONValue)] = [
            (.seconds, Self.milliseconds(seconds)), (.processorSeconds, Self.milliseconds(processorSeconds)),
        ]
        let figures = reports.flatMap(\.figures).map { ($0.figure, $0.value.json) } + times
        try write("epoch", [("epoch", JSONValue(epoch)), ("step", JSONValue(step))], figures, "held_out", step)
        try events.flush()
    }

    /// Seconds to three places.
    private static func milliseconds(_ seconds: Double) -> JSONValue { .number((seconds * 1000).rounded() / 1000) }

    func event(
        _ name: String, step: Int, _ message: String, images: [Int] = [], processorSeconds: Double? = nil
    ) throws {
        var members: [JSONValue.Member] = [
            .init("kind", "event"), .init("event", JSONValue(name)), .init("step", JSONValue(step)),
            .init("message", JSONValue(message)),
        ]
        if !images.isEmpty { members.append(.init("images", JSONValue(images))) }
        if let processorSeconds {
            members.append(.init(Figure.processorSeconds.name, Self.milliseconds(processorSeconds)))
        }
        try lines.append(line: JSONValue.object(members).text())
    }

    func picture(_ tag: String, _ image: RasterImage, step: Int) throws {
        try events.image(tag, image, step: step, wallTime: wallClockSeconds())
        try events.flush()
    }

    func flush() throws { try events.flush() }

    private func write(
        _ kind: String, _ place: [(String, JSONValue)], _ figures: [(Figure, JSONValue)], _ group: String, _ step: Int
    ) throws {
        let members =
            [JSONValue.Member("kind", JSONValue(kind))]
            + (place + figures.map { ($0.name, $1) }).map { .init($0.0, $0.1) }
        try lines.append(line: JSONValue.object(members).text())
        let now = wallClockSeconds()
        for case (let figure, .number(let value)) in figures {
            try events.scalar("\(group)/\(figure.name)", value, step: step, wallTime: now)
        }
    }
}
