import Glibc
import Synchronization

/// A stretch of time in which one thing was done.
public struct Span: Sendable {
    public let name: String
    public let category: Category
    /// What it was done to, such as a shape; may be empty.
    public let detail: String
    /// Nanoseconds since the recorder was made.
    public let start, duration: UInt64

    /// A part of the step, one operation on tensors, or what waits for other ranks.
    public enum Category: String, Sendable { case phase, operation, communication }
}

/// Collects spans until it is full or stopped. One thread's spans nest.
public final class SpanRecorder: Sendable {
    private struct State {
        var spans: [Span] = []
        var isRecording = true
    }
    private let state = Mutex(State())
    private let limit: Int
    private let origin = monotonicNanoseconds()

    /// - Parameter limit: the spans that are kept at most, some 100 bytes each; later ones are dropped.
    public init(limit: Int = 1_000_000) { self.limit = limit }

    /// Ends the recording and gives up the spans.
    public func stop() -> [Span] {
        state.withLock { state in
            state.isRecording = false
            defer { state.spans = [] }
            return state.spans
        }
    }

    /// Does the work, and notes how long it took; name and detail are asked for only then.
    public func span<Result>(
        _ category: Span.Category, _ name: @autoclosure () -> String, detail: @autoclosure () -> String = "",
        _ body: () throws -> Result
    ) rethrows -> Result {
        guard state.withLock({ $0.isRecording && $0.spans.count < limit }) else { return try body() }
        let start = monotonicNanoseconds() - origin
        defer {
            let span = Span(
                name: name(), category: category, detail: detail(), start: start,
                duration: monotonicNanoseconds() - origin - start)
            state.withLock { if $0.spans.count < limit { $0.spans.append(span) } }
        }
        return try body()
    }
}

extension SpanRecorder? {
    /// Does the work, and notes how long it took where a recorder is there.
    public func span<Result>(
        _ category: Span.Category, _ name: @autoclosure () -> String, detail: @autoclosure () -> String = "",
        _ body: () throws -> Result
    ) rethrows -> Result {
        guard let self else { return try body() }
        return try self.span(category, name(), detail: detail(), body)
    }
}
