import Failures
import Formats
import Studies
import TestSupport
import Testing

@Suite struct StudyTableTests {
    private static let page = """
        # Results
        <!-- study FOLDER: clean, l2, hours -->
        an old table
        <!-- end of study -->
        what people write
        """

    private func record(_ row: String, place: Int, seed: Int, clean: Double, robust: Double, seconds: [Double]) -> JSONValue {
        [
            "format": 1, "row": JSONValue(row), "title": JSONValue("the \(row)"), "place": JSONValue(place),
            "seed": JSONValue(seed), "training": ["processor_seconds": JSONValue(seconds)],
            "evaluations": ["l2": ["clean_acc": JSONValue(clean), "robust_acc": JSONValue(robust)]],
        ]
    }

    @Test func aTableHasTheMeanOverSeedsAndEachInTheOrderOfTheStudy() throws {
        let directory = TemporaryDirectory(), folder = directory.path
        let records = [
            record("b", place: 0, seed: 2, clean: 0.9, robust: 0.25, seconds: [1800, 1800]),
            record("b", place: 0, seed: 1, clean: 0.8, robust: 0.75, seconds: [3600]),
            record("a", place: 1, seed: 1, clean: 1, robust: 0, seconds: [90]),
        ]
        for (number, record) in records.enumerated() {
            try AtomicFile.write(record.text(), to: "\(folder)/\(number).json")
        }
        let path = "\(folder)/page.md"
        try AtomicFile.write(Self.page.replacing("FOLDER", with: folder), to: path)
        let page = try StudyTable.page(path)
        #expect(
            page.new == """
                # Results
                <!-- study \(folder): clean, l2, hours -->

                | row | clean | l2 | hours |
                |---|--:|--:|--:|
                | the b | 85.0 (80.0, 90.0) | 50.0 (75.0, 25.0) | 1.00 (1.00, 1.00) |
                | the a | 100.0 | 0.0 | 0.03 |

                <!-- end of study -->
                what people write
                """)
        try AtomicFile.write(page.new, to: path)
        let again = try StudyTable.page(path)
        #expect(again.new == again.old)
        withExtendedLifetime(directory) {}
    }

    @Test(arguments: [
        "<!-- study x: clean -->\n", "<!-- study x clean -->\n<!-- end of study -->", "<!-- end of study -->",
    ])
    func marksThatDoNotFitTogetherAreRefused(text: String) throws {
        let folder = TemporaryDirectory(), page = folder.file("page.md")
        try AtomicFile.write(text, to: page)
        #expect(throws: Failure.self) { try StudyTable.page(page) }
    }
}
