import Failures
import Formats
import Studies
import TestSupport
import Testing

@Suite struct StudyPageTests {
    private static let page = """
        # Results
        <!-- study FOLDER: clean, l2, hours -->
        an old table
        <!-- end of study -->
        what people write
        """

    private func record(_ row: String, cosine: Double, robust: Double) -> JSONValue {
        [
            "format": 1, "row": JSONValue(row), "title": JSONValue(row), "place": 0, "seed": 1,
            "training": ["robust_acc": [0.5, JSONValue(robust)]],
            "evaluations": ["l2": ["clean_acc": 0.9, "robust_acc": JSONValue(robust)]],
            "alignments": [
                "scores": [
                    "checkpoints": [
                        ["epoch": 0, "cosine": 0.7], ["epoch": 1, "cosine": 0.9],
                        ["epoch": 2, "cosine": JSONValue(cosine), "linearity_gap": 0.25],
                    ]
                ]
            ],
        ]
    }

    private func record(
        _ row: String, place: Int, seed: Int, clean: Double, robust: Double, seconds: [Double]
    ) -> JSONValue {
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
        let page = try StudyPage(path)
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
        let again = try StudyPage(path)
        #expect(again.new == again.old)
    }

    @Test(arguments: [
        "<!-- study x: clean -->\n", "<!-- study x clean -->\n<!-- end of study -->", "<!-- end of study -->",
    ])
    func marksThatDoNotFitTogetherAreRefused(text: String) throws {
        let directory = TemporaryDirectory(), folder = directory.path
        try AtomicFile.write(text, to: "\(folder)/page.md")
        #expect(throws: Failure.self) { try StudyPage("\(folder)/page.md") }
    }

    @Test func aFigureIsOneColumnAgainstAnotherWithTheirRankCorrelation() throws {
        let directory = TemporaryDirectory(), folder = directory.path
        for (number, robust) in [0.1, 0.3, 0.2, 0.4].enumerated() {
            let record = record("row <\(number)>", cosine: Double(number) / 10, robust: robust)
            try AtomicFile.write(record.text(), to: "\(folder)/\(number).json")
        }
        let path = "\(folder)/page.md"
        try AtomicFile.write(
            """
            <!-- study \(folder): scores against l2 in scatter.svg -->
            <!-- end of study -->
            <!-- study \(folder): scores, scores.linearity_gap -->
            <!-- end of study -->
            """, to: path)
        let page = try StudyPage(path)
        #expect(page.new.contains("![l2 against scores](scatter.svg)\n"))
        // 1 - 6 * 2 / (4 * 15)
        #expect(page.new.contains("over 4 runs: 0.80 (95 % interval -0.82 to 1.00)"), "\(page.new)")
        #expect(page.new.contains("| row <3> | 0.30 | 0.25 |"), "\(page.new)")
        let svg = try #require(page.figures.first?.svg)
        #expect(page.figures.map(\.path) == ["\(folder)/scatter.svg"])
        #expect(svg.components(of: "<circle") == 4 && svg.contains("row &lt;3&gt;"))
        #expect(try page.stale() == [path, "\(folder)/scatter.svg"])
        try AtomicFile.write(page.new, to: path)
        try AtomicFile.write(svg, to: "\(folder)/scatter.svg")
        #expect(try StudyPage(path).stale() == [])
        try AtomicFile.write(svg + " ", to: "\(folder)/scatter.svg")
        #expect(try StudyPage(path).stale() == ["\(folder)/scatter.svg"])
    }

    @Test func epochsOfAllRunsMakeAFigureToo() throws {
        let directory = TemporaryDirectory(), folder = directory.path
        for number in 0..<2 {
            let record = record("row \(number)", cosine: Double(number) / 10, robust: 0.25)
            try AtomicFile.write(record.text(), to: "\(folder)/\(number).json")
        }
        let path = "\(folder)/page.md"
        try AtomicFile.write(
            "<!-- study \(folder): scores against validation_robust over epochs in a.svg -->\n<!-- end of study -->",
            to: path)
        let page = try StudyPage(path)
        #expect(page.new.contains("over 4 epochs of 2 runs: 0.94."), "\(page.new)")
        #expect(page.figures.first?.svg.components(of: "<circle") == 4)
    }

    @Test(arguments: ["../scatter.svg", "/tmp/scatter.svg", "scatter.png"])
    func figuresLieBesideTheirPage(name: String) throws {
        let directory = TemporaryDirectory(), folder = directory.path
        try AtomicFile.write(record("a", cosine: 0, robust: 0).text(), to: "\(folder)/1.json")
        let path = "\(folder)/page.md"
        try AtomicFile.write("<!-- study \(folder): a against b in \(name) -->\n<!-- end of study -->", to: path)
        #expect(throws: Failure.self) { try StudyPage(path) }
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
