import Autodiff
import Data
import Evaluation
import Glibc
import Kernels
import Models
import Perturbations
import Randomness
import Testing

struct PicturesTests {
    private let shape = ImageShape(height: 2, width: 2, channels: 1)
    private let weights: [[Double]] = [[1, 0, -1, 0.5], [0, 2, 0.25, -1], [-0.5, 0.5, 1, 1]]
    private var classifier: Classifier { linearClassifier(shape, weights: weights, biases: [0.1, 0.2, 0.3]) }

    @Test func logitGradientsOfALinearModelAreItsWeights() {
        let images = MadeUpImages.random(5, shape, classes: 3, in: 0...1)
        let pictures = GradientPictures(classifier, of: images, indices: [4, 1], function: .logit)
        #expect(pictures.images == images.images[4] + images.images[1])
        #expect(pictures.labels == [images.labels[4], images.labels[1]] && pictures.classes == 3)
        #expect(pictures.gradients == weights.flatMap { ($0 + $0).map { Scalar($0) } })
        #expect(pictures.predictions == classifier.predictions(batch(images, [4, 1]).images))
    }

    @Test func logProbabilityGradientsLackTheMean() {
        let images = MadeUpImages.random(3, shape, classes: 3, in: 0...1)
        let pictures = GradientPictures(classifier, of: images, indices: [0, 1, 2], function: .logprob)
        for place in 0..<3 {
            let logits = (0..<3).map { t in
                zip(weights[t], images.images[place]).reduce(0.1 * Double(t + 1)) { $0 + $1.0 * Double($1.1) }
            }
            let total = logits.reduce(0) { $0 + exp($1) }
            for i in 0..<4 {
                let mean = (0..<3).reduce(0) { $0 + exp(logits[$1]) / total * weights[$1][i] }
                for t in 0..<3 {
                    let found = Double(pictures.gradients[(t * 3 + place) * 4 + i])
                    #expect(abs(found - (weights[t][i] - mean)) < 1e-5)
                }
            }
        }
    }

    @Test func perturbationsGoToTheirClassesWithinTheBudget() {
        let classifier = smallNetwork()
        let images = digits(3, labelledBy: classifier)
        let threat = ThreatModel(norm: .l2, epsilon: 2)
        var passes = 0
        let pictures = TargetedPerturbations(
            classifier, of: images, indices: [2, 0], .init(threat: threat, steps: 8)
        ) { passes += 1 }
        #expect(passes == 8 * 2 * 10)
        #expect(pictures.perturbed.count == 10 * 2 * 64 && pictures.targetProbabilities.count == 20)
        var raised = 0
        for target in 0..<10 {
            for (place, index) in [2, 0].enumerated() {
                let row = target * 2 + place
                let image = Array(pictures.perturbed[row * 64..<(row + 1) * 64])
                #expect(threat.allows(64, image, original: images.images[index]))
                let both = Tensor([2, 8, 8, 1], images.images[index] + image, in: MemoryPool())
                let probabilities = classifier.logits(both).logSoftmax().exponential().array
                #expect(probabilities[10 + target] == pictures.targetProbabilities[row])
                if probabilities[10 + target] > probabilities[target] { raised += 1 }
            }
        }
        #expect(raised == 20)
    }
}
