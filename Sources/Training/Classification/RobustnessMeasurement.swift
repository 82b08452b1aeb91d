import Autodiff
import Models

/// Somebody who can attack a classifier: who that is is not this module's affair.
public struct RobustnessMeasurement {
    /// Fractions of the held-out images.
    public struct Finding: Sendable {
        public var cleanAccuracy: Double
        public var robustAccuracy: Double
        /// What makes the accuracies less than they seem.
        public var notes: [String]

        public init(cleanAccuracy: Double, robustAccuracy: Double, notes: [String] = []) {
            self.cleanAccuracy = cleanAccuracy
            self.robustAccuracy = robustAccuracy
            self.notes = notes
        }
    }

    let validate: (TrainingData) throws -> Void
    let evaluate: (ModelState, Storage, TrainingData) throws -> Finding

    /// - Parameters:
    ///   - validate: throws, before anything is computed, what `evaluate` could not do with such data.
    ///   - evaluate: attacks the held-out images under the given parameters. Collective.
    public init(
        validate: @escaping (TrainingData) throws -> Void = { _ in },
        evaluate: @escaping (ModelState, Storage, TrainingData) throws -> Finding
    ) {
        self.validate = validate
        self.evaluate = evaluate
    }
}
