import Configuration
import Failures
import Testing

/// A fixed stream of numbers, so that a failure comes again.
private struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 33
    }
}

@Suite struct HostileInputTests {
    /// Reads `bytes`; a `Failure` of one line is the only way not to succeed. Returns whether it succeeded.
    @discardableResult private func isRead(_ bytes: [UInt8]) -> Bool {
        do {
            let text = String(decoding: bytes, as: UTF8.self)
            let sample = try Configuration.read(Sample.self, text: text, source: "a.yaml")
            let again = try Configuration.read(
                Sample.self, text: try Configuration.text(of: sample), source: "written")
            #expect(again == sample)
            return true
        } catch let failure as Failure {
            #expect(failure.kind == .badInput && !failure.description.contains { $0.isNewline })
        } catch {
            Issue.record("\(error) from \(bytes)")
        }
        return false
    }

    @Test func mutationsOfAConfiguration() {
        var numbers = Numbers(state: 1)
        let good = Array(sampleText.utf8)
        let telling = Array("&*!|>'\"%@`{}[],:?-#\n\t \\\u{0}~<=0".utf8)
        var read = 0
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                let place = Int.random(in: 0..<bytes.count, using: &numbers)
                switch Int.random(in: 0..<5, using: &numbers) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
                case 1: bytes[place] = telling[Int.random(in: 0..<telling.count, using: &numbers)]
                case 2: bytes.insert(telling[Int.random(in: 0..<telling.count, using: &numbers)], at: place)
                case 3: bytes.remove(at: place)
                default:
                    let end = min(bytes.count, place + Int.random(in: 0..<40, using: &numbers))
                    bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0..<bytes.count, using: &numbers))
                }
            }
            if isRead(bytes) { read += 1 }
        }
        // Both outcomes, or the test tests only one of them.
        #expect(read > 50 && read < 2950)
    }

    @Test func randomBytes() {
        var numbers = Numbers(state: 2)
        let signs = Array("ab1 \n\t:-?[]{},#&*!|>'\"%@`\\".utf8)
        for round in 0..<3000 {
            let bytes: [UInt8] = (0..<Int.random(in: 0..<80, using: &numbers)).map { _ in
                round.isMultiple(of: 3)
                    ? UInt8.random(in: 0...255, using: &numbers)
                    : signs[Int.random(in: 0..<signs.count, using: &numbers)]
            }
            isRead(bytes)
        }
    }

    @Test func prefixesOfAConfiguration() {
        let good = Array(sampleText.utf8)
        for count in 0..<good.count { isRead(Array(good[..<count])) }
    }

    @Test(arguments: ["[", "{", "{a: ", "- ", "? ", "'", "\"", "!", "|", "-\n", "a:\n ", "{? "])
    func manyOfOneToken(token: String) {
        for count in [50, 900, 1100, 20_000] {
            #expect(!isRead(Array(String(repeating: token, count: count).utf8)))
        }
    }

    @Test func nestedKeysEndAtOnce() {
        let nested = String(repeating: "{? ", count: 900) + String(repeating: "a,", count: 300_000)
        let message = "a.yaml:1: 1800 brackets, braces and question marks, too many for so large a file"
        #expect(throws: Failure(.badInput, message)) {
            try Configuration.read(Sample.self, text: nested, source: "a.yaml")
        }
    }

    /// Each took minutes: the time grew with the square of the text. (As arguments of a test they would still do so.)
    @Test func costlyTextsAreRefusedAtOnce() {
        let marks = "more than 30 combining marks in a row"
        let texts: [(String, String)] = [
            (String(repeating: "\u{301}\u{316}", count: 20_000), marks),
            ("\"" + String(repeating: #"\u0301\u0316"#, count: 20_000) + "\"", marks),
            // Parsers join what stands on both sides of an escaped end of a line.
            ("\"" + String(repeating: String(repeating: "\u{301}", count: 20) + "\\\n ", count: 2_000) + "\"", marks),
            (String(repeating: "\u{f73}", count: 40_000), marks),
            (String(repeating: "%TAG !a! b\n", count: 50_000), "the directive %TAG is not supported"),
        ]
        for (text, problem) in texts {
            let thrown = #expect(throws: Failure.self) {
                try Configuration.read(Sample.self, text: "\(text): 1", source: "a.yaml")
            }
            let message = thrown?.description ?? ""
            let isRight = message.utf8.starts(with: "a.yaml:".utf8) && message.hasSuffix(problem)
            #expect(isRight, "\(message.utf8.count) bytes")
        }
    }

    @Test func messagesAboutKeysAreShort() {
        let twice = (0..<200).map { "key\($0): 1\nkey\($0): 2\n" }.joined()
        let thrown = #expect(throws: Failure.self) {
            try Configuration.read(Sample.self, text: twice, source: "a.yaml")
        }
        #expect((thrown?.description.utf8.count ?? 1_000) < 200)
    }

    @Test func longListsAreRead() throws {
        let widths = Array(repeating: "0.5", count: 100_000).joined(separator: ",")
        let sample = try Configuration.read(Sample.self, text: "train: {milestones: [\(widths)]}", source: "a.yaml")
        #expect(sample.train.milestones.count == 100_000)
    }
}
