import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Formats
import TestSupport
import Testing

/// Logits of a data set, over any number of ranks.
struct PredictionsTests {
    @Test(arguments: [1, 2, 3, 5], [1, 7, 32])
    func theyAreTheClassifiersOnAnyRanksAndBatch(_ ranks: Int, _ batch: Int) throws {
        let classifier = smallNetwork(), images = digits(23, labelledBy: classifier)
        let first = images.tensor(of: Array(0..<20), in: MemoryPool()), expected = classifier.logits(first).array
        let right = classifier.misclassifies(first, Array(images.labels.prefix(20))).count { !$0 }
        let found = try ThreadCommunicator.run(ranks: ranks) { communicator in
            try Predictions(
                smallNetwork(), of: digits(23, labelledBy: smallNetwork()), samples: 20, batch: batch,
                over: communicator)
        }
        for predictions in found {
            #expect(
                predictions.logits == expected.map { Float($0) }
                    && predictions.labels == Array(images.labels.prefix(20)))
            #expect(predictions.correct == right)
        }
    }

    @Test func theFileHasLogitsAndLabels() throws {
        let classifier = smallNetwork(), images = digits(9, labelledBy: classifier)
        let predictions = try Predictions(classifier, of: images, samples: 40, over: SingleProcess())
        let folder = TemporaryDirectory(), path = folder.file("predictions.safetensors")
        try predictions.write(to: path, model: "m")
        let file = try SafetensorsFile(path: path)
        let logits: [Float] = try file.values(of: "logits", shape: [9, classifier.classes])
        let labels: [Int64] = try file.values(of: "y", shape: [9])
        #expect(logits == predictions.logits && labels == images.labels.map { Int64($0) })
        #expect(file.entry("logits")?.elementType == .float32 && file.entry("y")?.elementType == .int64)
        #expect(file.metadata["contents"] == "predictions" && file.metadata["model"] == "m")
    }

    @Test func otherImagesAreRefused() throws {
        let images = MadeUpImages.random(3, ImageShape(height: 4, width: 4, channels: 1), classes: 10, in: 0...1)
        let failure = #expect(throws: Failure.self) {
            try Predictions(smallNetwork(), of: images, over: SingleProcess())
        }
        #expect(failure?.kind == .badInput && failure?.description.contains("8x8x1 images") == true)
    }
}
