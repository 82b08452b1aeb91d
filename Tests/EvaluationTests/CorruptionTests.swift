import Data
import Distributed
import Evaluation
import Failures
import Formats
import Glibc
import Kernels
import Models
import TestSupport
import Testing

/// Of two corruptions, one that does nothing and one that turns the images of the first `severity` places to zeros.
private struct ZeroedImages: CorruptedImages {
    let source = "test"
    var corruptions = ["nothing", "zeroed"]
    let base: MadeUpImages
    /// What the images of a corruption are told from others by.
    var fingerprints = ["zeroed": "none"]

    init(base: MadeUpImages) { self.base = base }

    var count: Int { base.count }

    func images(of corruption: String, severity: Int) throws -> any Dataset {
        var images = base
        images.fingerprint = fingerprints[corruption] ?? images.fingerprint
        if corruption == "zeroed" {
            for image in 0..<severity { images.images[image] = Array(repeating: 0, count: base.shape.count) }
        }
        return images
    }
}

/// Images of which each takes two milliseconds.
private struct SlowImages: Dataset {
    let base: MadeUpImages

    var name: String { base.name }
    var shape: ImageShape { base.shape }
    var classNames: [String] { base.classNames }
    var range: ClosedRange<Scalar>? { base.range }
    var count: Int { base.count }
    var fingerprint: String { base.fingerprint }
    func label(_ index: Int) -> Int { base.label(index) }
    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
        usleep(2000)
        base.read(index, into: image)
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
        #expect(json["missing_of_15"]?.arrayValue?.count == 15 && json["notes"] == [])
    }

    @Test func logitsThatAreNotFiniteAreNoted() throws {
        let overflowing = linearClassifier(shape, weights: [[0, 0, 0, 0], [1, 1, 1, 1]], biases: [.infinity, -1])
        let result = try CorruptionEvaluation().run(
            overflowing, on: images, corrupted: ZeroedImages(base: images), over: SingleProcess())
        #expect(result.clean.correct == 0 && result.clean.undefined == 12)
        #expect(result.corruptions.flatMap(\.severities).allSatisfy { $0.correct == 0 && $0.undefined == 12 })
        #expect(
            result.notes == [
                "12 of 12 images have logits that are not finite, and count as misclassified",
                "120 of 120 corrupted images have logits that are not finite, and count as misclassified",
            ])
        let json = result.json(model: "m", identity: "i")
        #expect(json["clean_undefined"]?.intValue == 12 && json["notes"]?.arrayValue?.count == 2)
        #expect(json["corruptions"]?[1]?["undefined"]?[4]?.intValue == 12)
    }

    @Test func imagesThatAreAllAlikeAreNoted() throws {
        var same = images
        same.images = same.images.map { _ in same.images[0] }
        let result = try CorruptionEvaluation().run(
            classifier, on: same, corrupted: ZeroedImages(base: same), over: SingleProcess())
        #expect(result.notes == ["made-up test: all 12 images are the same: accuracies say little"])
    }

    /// Both with fewer images than the other.
    @Test func asManyImagesAreTakenOfAll() throws {
        var five = images
        five.images = Array(five.images.prefix(5))
        five.labels = Array(five.labels.prefix(5))
        for (clean, corrupted) in [(images, five), (five, images)] {
            let result = try CorruptionEvaluation().run(
                classifier, on: clean, corrupted: ZeroedImages(base: corrupted), over: SingleProcess())
            #expect(result.samples == 5 && result.clean.correct == 4 && result.clean.of == 5)
            #expect(result.corruptions[1].severities.map(\.of) == [5, 5, 5, 5, 5])
            #expect(result.corruptions[1].severities.map(\.correct) == [3, 2, 1, 2, 1])
        }
    }

    /// Every image takes two milliseconds at least.
    @Test func theForecastIsOverAllStages() throws {
        struct Slow: CorruptedImages {
            let source = "test", corruptions = ["fog", "snow"], base: MadeUpImages
            var count: Int { base.count }
            func images(of corruption: String, severity: Int) throws -> any Dataset { SlowImages(base: base) }
        }
        var found: [(progress: EvaluationProgress, seconds: Double)] = []
        let start = ContinuousClock.now
        _ = try CorruptionEvaluation().run(
            classifier, on: images, corrupted: Slow(base: images), over: SingleProcess(),
            progress: { found.append(($0, (ContinuousClock.now - start) / .seconds(1))) })
        #expect(found.allSatisfy { $0.progress.place?.of == 11 } && found.last?.progress.secondsLeft == 0)
        for (progress, seconds) in found where progress.done == progress.total && progress.stage != "clean" {
            let later = Double(11 - (progress.place?.number ?? 0)), left = progress.secondsLeft ?? -1
            // A stage's pace is neither quicker than its images can be nor slower than all that has passed.
            #expect(left >= later * 12 * 0.002 && left <= later * seconds, "\(progress)")
        }
        #expect(found.contains { $0.progress.stage == "snow 5" && $0.progress.place?.number == 11 })
    }

    @Test func theBenchmarksFifteenHaveAMeanOfTheirOwn() throws {
        var corrupted = ZeroedImages(base: images)
        corrupted.corruptions = CorruptionBenchmark.corruptions + ["zeroed"]
        func result() throws -> CorruptionResult {
            try CorruptionEvaluation().run(classifier, on: images, corrupted: corrupted, over: SingleProcess())
        }
        #expect(try result().benchmarkError == 0.25)
        #expect(try result().meanError == (15 * 15 + 26.0) / (16 * 60))
        #expect(try result().missing == [])
        corrupted.corruptions.removeAll { ["frost", "gaussian_noise"].contains($0) }
        #expect(try result().benchmarkError == nil && result().missing == ["gaussian_noise", "frost"])
        #expect(
            try result().json(model: "m", identity: "i")["missing_of_15"]?.arrayValue == ["gaussian_noise", "frost"])
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
        let text = try FileContents.text(path, limit: 100_000, words: "state")
        var again: Set<String> = []
        /// What is made of a file in which something has been changed: without and with `resumes`.
        func changed(_ old: String, _ new: String) throws -> (kinds: [Failure.Kind?], stages: Set<String>) {
            var kinds: [Failure.Kind?] = []
            for resumes in [false, true] {
                let damaged = text.replaced(old, by: new)
                #expect(damaged != text, "\(old) is not there")
                try AtomicFile.write(damaged, to: path)
                evaluation.journal?.resumes = resumes
                let thrown = failure {
                    let json = try found(&stages).json(model: "m", identity: "i")
                    #expect(json == first)
                }
                kinds.append(thrown?.kind)
                if !resumes { again = stages }
            }
            evaluation.journal?.resumes = false
            return (kinds, again)
        }
        // A count is believed with its checksum alone, which holds it together with images and settings.
        for (old, new) in [(#""correct":8,"#, #""correct":1,"#), (#""correct":8,"#, #""correct":13,"#)] {
            let found = try changed(old, new)
            #expect(found.kinds == [nil, .badInput] && found.stages == ["zeroed 1"], "\(new)")
        }
        for (old, new) in [
            (#""images":"none"#, #""images":"some"#), (#""undefined":0"#, #""undefined":1"#), ("checksum", "check"),
        ] {
            let found = try changed(old, new)
            #expect(found.kinds == [nil, .badInput] && found.stages.count == 11, "\(new)")
        }
        // Nobody knows whose it is.
        for damaged in [
            "", "[]", "{}", String(text.prefix(text.count / 2)), #"{"counts": [{"stage": 1}]}"#, #"{"evaluation": {}}"#,
        ] {
            for resumes in [false, true] {
                try AtomicFile.write(damaged, to: path)
                evaluation.journal?.resumes = resumes
                #expect(failure { _ = try found(&stages) }?.kind == .badInput)
                #expect(try FileContents.text(path, limit: 100_000, words: "state") == damaged)
            }
        }
        evaluation.journal?.resumes = false
        try AtomicFile.write(text, to: path)
        _ = try found(&stages)
        evaluation.journal?.model = "another"
        #expect(failure { _ = try found(&stages) }?.kind == .usage)
        evaluation.journal?.replaces = true
        #expect(try found(&stages).json(model: "m", identity: "i") == first && stages.count == 11)
    }

    /// Before anything is done, and so that nothing is lost.
    @Test func whatIsKnownOfOtherImagesIsLeftAlone() throws {
        let directory = TemporaryDirectory(), path = directory.file("state.json")
        var evaluation = CorruptionEvaluation(), corrupted = ZeroedImages(base: images), stages = 0
        evaluation.journal = EvaluationJournal(directory: directory.path, model: "m", resumes: false)
        func run() throws {
            stages = 0
            _ = try evaluation.run(
                classifier, on: images, corrupted: corrupted, over: SingleProcess(), progress: { _ in stages += 1 },
                goesOn: { Issue.record("it does not go on") })
        }
        try run()
        let text = try FileContents.text(path, limit: 100_000, words: "state")
        corrupted.fingerprints["zeroed"] = "others"
        for resumes in [false, true] {
            evaluation.journal?.resumes = resumes
            let thrown = failure { try run() }
            #expect(thrown?.kind == .usage && thrown?.description.contains("other images (of zeroed 1)") == true)
            #expect(try FileContents.text(path, limit: 100_000, words: "state") == text && stages == 0)
        }
        evaluation.journal?.resumes = false
        evaluation.journal?.replaces = true
        try run()
        #expect(stages > 0)
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
