import Figures

/// A figure as an objective declares it: each step says its mean, and the run logs it.
public struct StepFigure: Sendable {
    /// How the progress line has it.
    public enum Progress: Sendable {
        case number(label: String, decimals: Int)
        /// In percent.
        case percent(label: String, decimals: Int)
    }

    /// What people are told when the mean is above a threshold.
    public struct Alarm: Sendable {
        /// What the log calls it.
        public let event: String
        /// Above which the mean is alarming.
        public let threshold: Double
        /// Whether it is said again when the mean was below the threshold in between.
        public let isRepeated: Bool
        /// Given the mean.
        public let message: @Sendable (Double) -> String
    }

    public let figure: Figure
    public var progress: Progress?
    /// Nil for a figure that nobody need be told of.
    public var alarm: Alarm?

    public init(_ figure: Figure, progress: Progress? = nil, alarm: Alarm? = nil) {
        self.figure = figure
        self.progress = progress
        self.alarm = alarm
    }
}
