/// A figure that a run logs: what `metrics.jsonl` and TensorBoard call it, and how a chart shows it. Who writes a
/// figure and who reads it share its declaration, and nothing else.
public struct Figure: Sendable {
    /// What values it has, as far as an axis needs to know.
    public enum Scale: Sendable {
        /// In 0...1.
        case fraction
        /// Any, on an axis that fits them.
        case fitted
        /// Those that may fall by powers of ten.
        case fittedOrLogarithmic
    }

    /// The key of its value in a line of the log.
    public let name: String
    /// What a chart of it is called.
    public let title: String
    /// What the chart's vertical axis shows.
    public let scale: Scale

    public init(_ name: String, _ title: String, _ scale: Scale) {
        self.name = name
        self.title = title
        self.scale = scale
    }
}

extension Figure: Hashable {
    public static func == (a: Figure, b: Figure) -> Bool { a.name == b.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
