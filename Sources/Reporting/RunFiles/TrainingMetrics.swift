import Failures
import Figures
import Formats

/// What `metrics.jsonl` tells of a run.
struct TrainingMetrics: Sendable {
    struct Event: Sendable {
        let name: String
        let message: String
        /// The event's own step, or that of the last step line before it.
        let step: Double?

        /// Whether the run's results are in doubt because of it.
        var isAlarm: Bool { ["collapse", "non-finite", "divergence"].contains(name) }
    }

    /// The points (step, value) of each figure of steps; NaN where the value was not finite.
    private(set) var steps: [Figure: [LineChart.Point]] = [:]
    /// The points (epoch, value) of each figure of epochs; NaN where the value was not finite.
    private(set) var epochs: [Figure: [LineChart.Point]] = [:]
    /// Of each figure of classes the classes and values of the last epoch that has them; NaN as above.
    private(set) var classes: [Figure: [(name: String, value: Double)]] = [:]
    private(set) var events: [Event] = []
    private(set) var lastStep: Double?
    private(set) var lastEpoch: Double?
    /// Lines that a full disk or a killed process cut short.
    private(set) var linesCutShort = 0

    private static let longestLine = 1 << 20

    /// Throws `Failure.badInput` naming file and line for what is not such a line.
    init(path: String) throws {
        let file = try MappedFile(path: path)
        defer { withExtendedLifetime(file) {} }
        var limits = JSONLimits()
        limits.values = 1_000
        var start = 0
        var number = 0
        while start < file.bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: file.bytes[start...])
            let length = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.count
            guard length <= Self.longestLine else {
                throw Failure.badInput(
                    "\(path), line \(number + 1)", "\(length) bytes", expected: "at most \(Self.longestLine)")
            }
            let line = UnsafeRawBufferPointer(rebasing: rest[..<length])
            start += length + 1
            number += 1
            guard line.contains(where: { $0 != 0x20 && $0 != 0x0d && $0 != 0x09 }) else { continue }
            let place = "\(path), line \(number)"
            do {
                let fields = try JSONFields(JSONValue.parse(line, source: place, limits: limits), place: place)
                try add(fields)
            } catch let failure as Failure {
                guard line.first == UInt8(ascii: "{"), line.last != UInt8(ascii: "}") else { throw failure }
                linesCutShort += 1
            }
        }
    }

    private mutating func add(_ fields: JSONFields) throws {
        switch try fields.requiredString("kind") {
        case "step":
            guard let count = try fields.count("step") else { throw fields.missing("step") }
            let step = Double(count)
            // A resumed run goes back to its checkpoint: what it had done after that is not part of the run.
            if let lastStep, step <= lastStep { Self.forget(from: step, &steps) }
            lastStep = step
            for figure in Figure.ofSteps {
                guard let value = try Self.value(of: figure, fields) else { continue }
                steps[figure, default: []].append(LineChart.Point(x: step, y: value))
            }
        case "epoch":
            guard let epoch = try fields.number("epoch"), epoch.isFinite else { throw fields.missing("epoch") }
            if let lastEpoch, epoch <= lastEpoch { Self.forget(from: epoch, &epochs) }
            lastEpoch = epoch
            for figure in Figure.ofEpochs {
                guard let value = try Self.value(of: figure, fields) else { continue }
                epochs[figure, default: []].append(LineChart.Point(x: epoch, y: value))
            }
            for figure in Figure.ofClasses {
                if let values = try fields.numbers(figure.name) { classes[figure] = values }
            }
        case "event":
            let step = try fields.count("step").map(Double.init) ?? lastStep
            events.append(
                Event(
                    name: try fields.requiredString("event"), message: try fields.string("message") ?? "", step: step))
        default:
            // Lines of later versions.
            break
        }
    }

    private static func value(of figure: Figure, _ fields: JSONFields) throws -> Double? {
        try figure.scale == .fraction ? fields.fraction(figure.name) : fields.number(figure.name)
    }

    private static func forget(from place: Double, _ curves: inout [Figure: [LineChart.Point]]) {
        for figure in Array(curves.keys) {
            while let last = curves[figure]?.last, last.x >= place { curves[figure]?.removeLast() }
        }
    }
}
