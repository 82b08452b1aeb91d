import Configuration
import Failures

/// The learning rate of every step of a run.
struct LearningRates {
    private let train: TrainConfiguration
    private let stepsPerEpoch: Int

    init(_ train: TrainConfiguration, stepsPerEpoch: Int) {
        self.train = train
        self.stepsPerEpoch = stepsPerEpoch
    }

    subscript(step: Int) -> Double {
        train.schedule.rate(
            train.optimizer.lr, step: step, of: stepsPerEpoch * train.epochs, epochs: train.epochs)
    }

    /// The epochs that the schedule goes over.
    private var length: Int { train.schedule.epochs ?? train.epochs }

    /// Whether two runs have the same rates up to a step.
    private func agrees(with other: LearningRates, before step: Int) -> Bool {
        (0..<step).allSatisfy { abs(self[$0] - other[$0]) <= 1e-9 * max(abs(self[$0]), abs(other[$0])) }
    }

    /// Whether a run of these rates goes on, from `step` on, as one of `earlier` rates that was only shorter or longer.
    /// Where it does not, the learning rate would jump, and the run would be none that could be had at once: then
    /// throws `usage` with the ways to go on, unless the configuration says how long its schedule is. Returns what the
    /// user should know.
    func requireContinuation(of earlier: LearningRates, at step: Int, _ path: String) throws -> String? {
        guard step > 0, !agrees(with: earlier, before: step) else { return nil }
        let (before, after) = (earlier[step - 1], self[step])
        let lengths = "spread over \(earlier.length) epochs there and \(length) here"
        let rates = "the learning rate of the next step is \(rounded(after)) after \(rounded(before))"
        guard train.schedule.epochs == nil else {
            return "the schedule is \(lengths): \(rates)"
        }
        throw Failure(
            .usage,
            "\(path): the schedule is \(lengths), so steps taken would have had other learning rates, and \(rates); set "
                + "train.schedule.epochs to \(earlier.length) to stay at the last rate, or to \(length) for the new one, "
                + "or start a new run from this checkpoint with --from")
    }

    private func rounded(_ rate: Double) -> Double { Double("\(Float(rate))") ?? rate }
}
