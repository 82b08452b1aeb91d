/// How long a stage of an evaluation will take, by the pace of rank 0 and the tickets it draws.
struct Forecast {
    private let stage: String
    private let total: Int
    private let passesPerBlock: Int
    private let start = ContinuousClock.now
    private var lastReport = ContinuousClock.now
    private var before = 0
    private var count = 0
    private var passes = 0

    init(stage: String, total: Int, passesPerBlock: Int) {
        self.stage = stage
        self.total = total
        self.passesPerBlock = passesPerBlock
    }

    /// A block of `count` samples, after `before` that have been handed out.
    mutating func begin(before: Int, count: Int) {
        self.before = before
        self.count = count
        passes = 0
    }

    /// A report now and then, nil in between.
    mutating func passDone() -> EvaluationProgress? {
        passes += 1
        guard ContinuousClock.now - lastReport >= .milliseconds(500) else { return nil }
        let share = min(1, Double(passes) / Double(passesPerBlock))
        return report(done: before, pace: Double(before) + share * Double(count))
    }

    mutating func end() -> EvaluationProgress {
        report(done: before + count, pace: Double(before + count))
    }

    private mutating func report(done: Int, pace: Double) -> EvaluationProgress {
        lastReport = ContinuousClock.now
        let seconds = (lastReport - start) / .seconds(1)
        let left = pace > 0 ? seconds * (Double(total) - pace) / pace : nil
        return EvaluationProgress(stage: stage, done: done, total: total, secondsLeft: left)
    }
}
