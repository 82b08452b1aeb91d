import Configuration
import Failures
import Testing

@Suite struct SpelledTests {
    enum Size: String, CaseIterable, Spelled {
        case small, large, unheardOf

        init?(spelling: String) {
            switch spelling {
            case "small", "s": self = .small
            case "large": self = .large
            default: return nil
            }
        }
    }

    struct Settings: Configurable {
        var size = Size.large
        init() {}
        mutating func visit(_ fields: inout FieldVisitor) throws { try fields.value("size", &size) }
    }

    private func read(_ text: String) throws -> Size {
        try Configuration.read(Settings.self, text: text, source: "s").size
    }

    @Test func whatTheSpellingDoesNotKnowIsNoChoice() throws {
        #expect(try read("size: s") == .small && read("size: large") == .large)
        for text in ["size: unheardOf", "size: huge"] {
            do {
                _ = try read(text)
                Issue.record("\(text) is read")
            } catch let failure as Failure {
                #expect(failure.description.contains("small, large") && !failure.description.hasSuffix("unheardOf"))
            }
        }
    }
}
