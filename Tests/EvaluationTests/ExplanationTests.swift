import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Kernels
import Perturbations
import TestSupport
import Testing

/// What decisions depend on, against closed forms.
struct ExplanationTests {
    private static let shape = ImageShape(height: 2, width: 2, channels: 1)
    private static let weights: [[Double]] = [[0.5, -1, 2, 0.25], [-0.5, 1, 0.75, 3], [1, 1, -2, 0.5]]

    private func explain(
        function: GradientPictures.Function, _ images: MadeUpImages, target: Int? = nil
    ) throws -> Explanations {
        var settings = Explanations.Settings()
        settings.function = function
        settings.target = target
        return try Explanations(
            linearClassifier(Self.shape, weights: Self.weights, biases: [0.1, 0, -0.2]), of: images, samples: 6,
            settings,
            over: SingleProcess())
    }

    /// Of a linear network all gradients are the class's weights.
    @Test func ofALinearNetwork() throws {
        let images = MadeUpImages.random(6, Self.shape, classes: 3, in: 0...1)
        let found = try explain(function: .logit, images)
        for place in 0..<6 {
            let image = Array(found.images[(place * 4)..<((place + 1) * 4)])
            let weights = Self.weights[found.targets[place]]
            #expect(found.targets[place] == found.predictions[place])
            for (method, values) in zip(found.settings.methods, found.attributions) {
                for pixel in 0..<4 {
                    let expected = weights[pixel] * (method.name == "integrated-gradients" ? Double(image[pixel]) : 1)
                    #expect(
                        abs(Double(values[place * 4 + pixel]) - expected) < 1e-5, "\(method.name) of image \(place)")
                }
            }
        }
    }

    /// Integrated gradients add up to what the value changes from black to the image.
    @Test func integratedGradientsAreComplete() throws {
        let images = MadeUpImages.random(6, Self.shape, classes: 3, in: 0...1)
        let found = try explain(function: .logprob, images, target: 2), pool = MemoryPool()
        let classifier = linearClassifier(Self.shape, weights: Self.weights, biases: [0.1, 0, -0.2])
        let black = classifier.logits(Tensor([1, 2, 2, 1], repeating: 0, in: pool)).logSoftmax().array[2]
        let values = classifier.logits(images.tensor(of: Array(0..<6), in: pool)).logSoftmax().array
        #expect(found.settings.methods[2].name == "integrated-gradients")
        for place in 0..<6 {
            let sum = found.attributions[2][(place * 4)..<((place + 1) * 4)].reduce(0, +)
            #expect(abs(sum - (values[place * 3 + 2] - black)) < 1e-4)
        }
        #expect(found.targets == Array(repeating: 2, count: 6))
    }

    @Test(arguments: [2, 3]) func sameOnAnyRanks(ranks: Int) throws {
        @Sendable func explanations(_ communicator: any Communicator) throws -> Explanations {
            var settings = Explanations.Settings()
            settings.perturbations = .init(threat: ThreatModel(norm: .l2, epsilon: 1), steps: 2)
            return try Explanations(
                smallNetwork(), of: digits(7, labelledBy: smallNetwork()), samples: 5, settings, over: communicator)
        }
        let one = try explanations(SingleProcess())
        for found in try ThreadCommunicator.run(ranks: ranks, { try explanations($0) }) {
            #expect(found.attributions == one.attributions && found.perturbed == one.perturbed)
            #expect(found.targets == one.targets && found.probabilities == one.probabilities)
        }
        #expect(one.perturbed.count == 5 * one.classes * one.shape.count)
    }

    @Test func theFileHasThemChannelsFirst() throws {
        let shape = ImageShape(height: 1, width: 2, channels: 2)
        let weights = [[1.0, 2, 3, 4], [5.0, 6, 7, 8]]
        var settings = Explanations.Settings()
        settings.target = 1
        let found = try Explanations(
            linearClassifier(shape, weights: weights, biases: [0, 0]),
            of: MadeUpImages.random(2, shape, classes: 2, in: 0...1), samples: 2, settings, over: SingleProcess())
        let folder = TemporaryDirectory(), path = folder.file("explanations.safetensors")
        try found.write(to: path, model: "m")
        let file = try SafetensorsFile(path: path)
        let gradient: [Float] = try file.values(of: "gradient", shape: [2, 2, 1, 2])
        let pixels = found.attributions[0].prefix(4).map { Float($0) }
        // [H, W, C] in memory, [C, H, W] in the file.
        #expect(Array(gradient.prefix(4)) == [pixels[0], pixels[2], pixels[1], pixels[3]])
        #expect(file.entry("integrated_gradients") != nil && file.entry("perturbed") == nil)
        #expect(file.metadata["contents"] == "explanations" && file.metadata["function"] == "logit")
    }

    @Test func aClassThatIsNotThereIsRefused() {
        let images = MadeUpImages.random(6, Self.shape, classes: 3, in: 0...1)
        let failure = failure { _ = try explain(function: .logit, images, target: 3) }
        #expect(failure?.kind == .usage && failure?.description.contains("class 3") == true)
    }
}
