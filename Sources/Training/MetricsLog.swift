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

    func step(_ report: StepReport, imagesPerSecond: Double) throws {
        let images = Double(max(1, report.parts.images))
        let gradients = Double(max(1, report.parts.gradients))
        var figures: [(String, JSONValue)] = [("loss", .number(report.loss))]
        if !report.parts.areOfDenoiser {
            figures += [
                ("ce", .number(report.parts.crossEntropy / images)),
                ("train_acc", .number(Double(report.parts.correct) / images)),
            ]
        }
        figures += [
            ("lr", .number(report.learningRate)),
            ("images_per_s", .number((imagesPerSecond * 10).rounded() / 10)),
            ("parameter_gradient_norm", .number(report.gradientNorm)),
        ]
        if report.parts.regularisation != 0 {
            figures.append(("regularisation", .number(report.parts.regularisation / images)))
        }
        if report.parts.perturbed > 0 {
            figures.append(
                ("perturbed_acc", .number(Double(report.parts.perturbedCorrect) / Double(report.parts.perturbed))))
        }
        if report.parts.gradients > 0 {
            figures += [
                ("alignment", .number(report.parts.alignment / images)),
                ("cosine", .number(report.parts.cosine / gradients)),
                ("gradient_norm", .number(report.parts.gradientNorm / gradients)),
                ("zero_gradients", .number(Double(report.parts.zeroGradients) / gradients)),
            ]
        }
        figures += levels(report.parts.denoising)
        try write(
            "step", [("step", JSONValue(report.step)), ("epoch", JSONValue(report.epoch))], figures, "train",
            report.step)
    }

    /// - Parameters:
    ///   - seconds: of the epoch's steps, by the clock.
    ///   - processorSeconds: of all ranks since the last epoch's end, its monitor included, or since the start.
    func epoch(
        _ epoch: Int, step: Int, seconds: Double, processorSeconds: Double, _ monitored: MonitorReport?,
        _ alignment: HeldOutAlignment?, _ error: HeldOutError?, classNames: [String]
    ) throws {
        var figures: [(String, JSONValue)] = []
        if let monitored {
            figures.append(("clean_acc", .number(monitored.cleanAccuracy)))
            figures.append(("robust_acc", .number(monitored.robustAccuracy)))
        }
        if let alignment {
            figures.append(("cosine", .number(alignment.mean.clean)))
            figures.append(("cosine_perturbed", .number(alignment.mean.perturbed)))
            figures.append(("cosine_per_class", perClass(classNames, alignment, \.clean)))
            figures.append(("cosine_perturbed_per_class", perClass(classNames, alignment, \.perturbed)))
        }
        if let error {
            figures.append(("loss", .number(error.loss)))
            figures += levels(error.levels)
        }
        for (name, value) in [("seconds", seconds), ("processor_seconds", processorSeconds)] {
            figures.append((name, .number((value * 1000).rounded() / 1000)))
        }
        try write("epoch", [("epoch", JSONValue(epoch)), ("step", JSONValue(step))], figures, "held_out", step)
        try events.flush()
    }

    private func levels(_ errors: [LevelError]) -> [(String, JSONValue)] {
        errors.enumerated().compactMap { level, error in
            error.mean.map { ("error_level_\(level + 1)", .number($0)) }
        }
    }

    private func perClass(
        _ names: [String], _ alignment: HeldOutAlignment, _ cosine: KeyPath<HeldOutAlignment.Cosines, Double>
    ) -> JSONValue {
        .object(zip(names, alignment.classes).map { .init($0, .number($1[keyPath: cosine])) })
    }

    func event(_ name: String, step: Int, _ message: String, images: [Int] = []) throws {
        var members: [JSONValue.Member] = [
            .init("kind", "event"), .init("event", JSONValue(name)), .init("step", JSONValue(step)),
            .init("message", JSONValue(message)),
        ]
        if !images.isEmpty { members.append(.init("images", JSONValue(images))) }
        try lines.append(line: JSONValue.object(members).text())
    }

    func picture(_ tag: String, _ image: RasterImage, step: Int) throws {
        try events.image(tag, image, step: step, wallTime: wallClockSeconds())
        try events.flush()
    }

    func flush() throws { try events.flush() }

    private func write(
        _ kind: String, _ place: [(String, JSONValue)], _ figures: [(String, JSONValue)], _ group: String, _ step: Int
    ) throws {
        let members = [JSONValue.Member("kind", JSONValue(kind))] + (place + figures).map { .init($0.0, $0.1) }
        try lines.append(line: JSONValue.object(members).text())
        let now = wallClockSeconds()
        for case (let name, .number(let value)) in figures {
            try events.scalar("\(group)/\(name)", value, step: step, wallTime: now)
        }
    }
}
