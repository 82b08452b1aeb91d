import Data
import Distributed
import Evaluation
import Failures
import Formats
import Kernels
import Models
import TestSupport
import Testing

/// Of two corruptions, one that does nothing and one that turns the images of the first `severity` places to zeros.
private struct ZeroedImages: CorruptedImages {
    let source = "test"
    var corruptions = ["nothing", "zeroed"]
    let base: MadeUpImages

    init(base: MadeUpImages) { self.base = base }

    var count: Int { base.count }

    func images(of corruption: String, severity: Int) throws -> any Dataset {
        var images = base
        if corruption == "zeroed" {
            for image in 0..<severity { images.images[image] = Array(repeating: 0, count: base.shape.count) }
        }
        return images
    }
}

@Suite struct CorruptionTests {
    private let shape = ImageShape(height: 2, width: 2, channels: 1)

    /// Class 1 where the sum of an image is above 1; images of zeros are of class 0.
    private var classifier: Classifier {
        linearClassifier(shape, weights: [[0, 0, 0, 0], [1, 1, 1, 1]], biases: [0, -1])
    }

    /// Twelve bright images, of which every fourth is labelled wrongly.
    private var images: MadeUpImages {
        var images = MadeUpImages.random(12, shape, classes: 2, in: 0.5...0.9)
        images.labels = (0..<12).map { $0 % 4 == 3 ? 0 : 1 }
        return images
    }

    @Test func errorsAreCounted() throws {
        let result = try CorruptionEvaluation().run(
            classifier, on: images, corrupted: ZeroedImages(base: images), seed: 9, over: SingleProcess())
        #expect(result.clean.accuracy == 0.75)
        #expect(result.corruptions.map(\.name) == ["nothing", "zeroed"])
        #expect(result.corruptions[0].severities.map(\.correct) == [9, 9, 9, 9, 9])
        // The fourth becomes right by it.
        #expect(result.corruptions[1].severities.map(\.correct) == [8, 7, 6, 7, 6])
        #expect(result.corruptions[0].error == 0.25 && result.corruptions[1].error == 26.0 / 60)
        #expect(result.meanError == 41.0 / 120 && result.benchmarkError == nil)
        let json = result.json(model: "m", identity: "i")
        #expect(json["mean_corruption_error"]?.doubleValue == 41.0 / 120 && json["seed"]?.intValue == 9)
        #expect(json["corruptions"]?[1]?["accuracies"]?[0]?.doubleValue == 8.0 / 12)
        #expect(json["mean_corruption_error_of_15"] == .null)
    }

    @Test func theBenchmarksFifteenHaveAMeanOfTheirOwn() throws {
        var corrupted = ZeroedImages(base: images)
        corrupted.corruptions = CorruptionBenchmark.corruptions + ["zeroed"]
        func result() throws -> CorruptionResult {
            try CorruptionEvaluation().run(classifier, on: images, corrupted: corrupted, over: SingleProcess())
        }
        #expect(try result().benchmarkError == 0.25)
        #expect(try result().meanError == (15 * 15 + 26.0) / (16 * 60))
        corrupted.corruptions.removeFirst()
        #expect(try result().benchmarkError == nil)
    }

    @Test func batchesDoNotMatter() throws {
        var evaluation = CorruptionEvaluation()
        var found: [JSONValue] = []
        for batch in [1, 5, 64] {
            evaluation.batch = batch
            found.append(
                try evaluation.run(
                    classifier, on: images, corrupted: ZeroedImages(base: images), over: SingleProcess()
                ).json(model: "m", identity: "i"))
        }
        #expect(found[0] == found[1] && found[0] == found[2])
    }

    @Test func whatIsKnownIsNotDoneAgain() throws {
        let directory = TemporaryDirectory(), path = directory.file("state.json")
        var evaluation = CorruptionEvaluation()
        evaluation.journal = EvaluationJournal(directory: directory.path, model: "m", resumes: false)
        func found(_ stages: inout Set<String>) throws -> CorruptionResult {
            var seen: Set<String> = []
            defer { stages = seen }
            return try evaluation.run(
                classifier, on: images, corrupted: ZeroedImages(base: images), over: SingleProcess(),
                progress: { seen.insert($0.stage) })
        }
        var stages: Set<String> = []
        let first = try found(&stages).json(model: "m", identity: "i")
        #expect(stages.count == 11)
        #expect(try found(&stages).json(model: "m", identity: "i") == first && stages.isEmpty)
        // A count is believed, one of other images is not.
        let text = try FileContents.text(path, limit: 100_000, words: "state")
        try AtomicFile.write(text.replaced(#""correct":8}"#, by: #""correct":1}"#), to: path)
        #expect(try found(&stages).corruptions[1].severities[0].correct == 1)
        try AtomicFile.write(text.replaced(#""images":"none"#, by: #""images":"some"#), to: path)
        #expect(try found(&stages).json(model: "m", identity: "i") == first && stages.count == 11)
        // More than there are images is no count.
        try AtomicFile.write(text.replaced(#""correct":8}"#, by: #""correct":13}"#), to: path)
        #expect(try found(&stages).json(model: "m", identity: "i") == first && stages == ["zeroed 1"])
        for damaged in ["", "[]", "{}", String(text.prefix(text.count / 2)), #"{"counts": [{"stage": 1}]}"#] {
            try AtomicFile.write(damaged, to: path)
            #expect(try found(&stages).json(model: "m", identity: "i") == first && stages.count == 11)
            try AtomicFile.write(damaged, to: path)
            evaluation.journal?.resumes = true
            #expect(throws: Failure.self) { try found(&stages) }
            evaluation.journal?.resumes = false
        }
        _ = try found(&stages)
        evaluation.journal?.model = "another"
        #expect(failure { _ = try found(&stages) }?.kind == .usage)
        evaluation.journal?.replaces = true
        #expect(try found(&stages).json(model: "m", identity: "i") == first && stages.count == 11)
    }

    @Test func imagesOfAnotherShape() throws {
        struct Others: CorruptedImages {
            let source = "test", corruptions = ["fog"], count = 3
            func images(of corruption: String, severity: Int) throws -> any Dataset {
                MadeUpImages.random(3, ImageShape(height: 3, width: 2, channels: 1), classes: 2, in: 0...1)
            }
        }
        let thrown = failure {
            _ = try CorruptionEvaluation().run(classifier, on: images, corrupted: Others(), over: SingleProcess())
        }
        #expect(thrown?.kind == .badInput && thrown?.description.contains("expected 2x2x1 images") == true)
    }
}

extension String {
    fileprivate func replaced(_ old: String, by new: String) -> String {
        var text = self
        while let range = text.firstRange(of: old) { text.replaceSubrange(range, with: new) }
        return text
    }
}
