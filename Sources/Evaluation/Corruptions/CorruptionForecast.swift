/// How long all stages of an evaluation on corrupted images will take. Each has as many images; a corruption may take
/// longer than another, so it is no bound.
struct CorruptionForecast {
    private let stages: Int
    /// By a stage's place, those after it that have to be done.
    private let later: [Int]
    private var place = 0
    private var start = ContinuousClock.now
    /// Of stages that are over and like those that are left.
    private var seconds = 0.0
    private var finished = 0

    /// - Parameter isKnown: by a stage's place, whether it need not be done.
    init(isKnown: [Bool]) {
        stages = isKnown.count
        later = isKnown.indices.map { place in isKnown[(place + 1)...].count { !$0 } }
    }

    mutating func begin(stage: Int) {
        place = stage
        start = ContinuousClock.now
    }

    /// - Parameter isTypical: whether those that are left take as long.
    mutating func end(isTypical: Bool) {
        guard isTypical else { return }
        seconds += elapsed
        finished += 1
    }

    private var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// What there is to report of the stage that has begun, with a forecast over all of them.
    func over(_ progress: EvaluationProgress) -> EvaluationProgress {
        let left = progress.secondsLeft.map { left in
            left + Double(later[place]) * (seconds + elapsed + left) / Double(finished + 1)
        }
        return EvaluationProgress(
            stage: progress.stage, done: progress.done, total: progress.total, secondsLeft: left,
            place: .init(number: place + 1, of: stages))
    }
}
