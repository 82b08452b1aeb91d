import Testing
import Tracing

@Suite struct SpanRecorderTests {
    @Test func spansNest() throws {
        let recorder: SpanRecorder? = SpanRecorder()
        let answer = recorder.span(.phase, "outer", detail: "[2]") { recorder.span(.operation, "inner") { 42 } }
        #expect(answer == 42)
        let spans = try #require(recorder).stop()
        try #require(spans.map(\.name) == ["inner", "outer"])
        #expect(spans[1].detail == "[2]" && spans[0].detail.isEmpty)
        #expect(spans[1].start <= spans[0].start)
        #expect(spans[0].start + spans[0].duration <= spans[1].start + spans[1].duration)
    }

    @Test func nothingIsRecordedWithoutARecorder() {
        let none: SpanRecorder? = nil
        var described = false
        func description() -> String {
            described = true
            return ""
        }
        #expect(none.span(.phase, description(), detail: description()) { 1 } == 1)
        #expect(!described)
    }

    @Test func aFullOrStoppedRecorderDropsSpans() {
        let recorder = SpanRecorder(limit: 2)
        for _ in 0..<3 { recorder.span(.operation, "x") {} }
        #expect(recorder.stop().count == 2)
        recorder.span(.operation, "late") {}
        #expect(recorder.stop().isEmpty)
    }

    @Test func failuresPassThrough() {
        struct Trouble: Error {}
        let recorder = SpanRecorder()
        #expect(throws: Trouble.self) { try recorder.span(.phase, "fails") { throw Trouble() } }
        #expect(recorder.stop().map(\.name) == ["fails"])
    }
}
