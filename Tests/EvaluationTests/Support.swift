import Autodiff
import Data
import Evaluation
import Failures
import Glibc
import Kernels
import Layers
import Models
import Perturbations
import Randomness

/// Images that a test makes up.
struct MadeUpImages: Dataset {
    let name = "made-up test"
    let shape: ImageShape
    let classNames: [String]
    let range: ClosedRange<Scalar>? = pixelRange
    var fingerprint = "none"
    var images: [[Scalar]]
    var labels: [Int]

    init(_ shape: ImageShape, classes: Int, images: [[Scalar]], labels: [Int]) {
        self.shape = shape
        classNames = (0..<classes).map(String.init)
        self.images = images
        self.labels = labels
    }

    var count: Int { images.count }
    func label(_ index: Int) -> Int { labels[index] }
    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
        image.update(from: images[index], count: shape.count)
    }

    /// Uniform values in [low, high].
    static func random(_ count: Int, _ shape: ImageShape, classes: Int, in range: ClosedRange<Double>) -> MadeUpImages {
        var stream = RandomStream(seed: 3, purpose: .test)
        let images = (0..<count).map { _ in
            (0..<shape.count).map { _ in
                Scalar(range.lowerBound + (range.upperBound - range.lowerBound) * stream.uniform())
            }
        }
        return MadeUpImages(shape, classes: classes, images: images, labels: images.map { _ in stream.below(classes) })
    }
}

/// A classifier z = W x + b over images [H, W, 1], whose attacks have closed forms.
func linearClassifier(
    _ shape: ImageShape, weights: [[Double]], biases: [Double],
    products: ProductPrecision = .float32, preparation: @escaping (Tensor) -> Tensor = { $0 }
) -> Classifier {
    var architecture = MultilayerPerceptron()
    architecture.hidden = []
    let input = Shape([shape.height, shape.width, shape.channels])
    let normalisation = InputNormalisation(
        mean: Array(repeating: 0, count: shape.channels), deviation: Array(repeating: 1, count: shape.channels))
    let model = Model(architecture, normalisation: normalisation, input: input, classes: weights.count)
    let state = ModelState(model, in: MemoryPool(for: Execution(products: products)))
    let numbers = (weights.flatMap { $0 } + biases).map { Scalar($0) }
    precondition(numbers.count == state.parameters.count, "linearClassifier: \(numbers.count) numbers")
    state.parameters.pointer.update(from: numbers, count: numbers.count)
    return Classifier(state, preparation: preparation)
}

/// A small network that nobody has trained, for images 8x8x1 of ten classes.
func smallNetwork(
    _ activation: Activation = .relu, _ norm: Normalisation = .batch, products: ProductPrecision = .float32
) -> Classifier {
    var architecture = ResNet()
    architecture.widths = [8, 12]
    architecture.blocks = [1, 1]
    architecture.activation = activation
    architecture.norm = norm
    let model = Model(
        architecture, normalisation: InputNormalisation(mean: [0.3], deviation: [0.37]), input: [8, 8, 1], classes: 10)
    let pool = MemoryPool(for: Execution(products: products))
    let state = ModelState(initialising: model, seed: 5, in: pool)
    // Small variances make large activations, and so predictions that differ between images.
    for i in 0..<state.statistics.count {
        let isVariance = state.statistics.pointer[i] == 1
        state.statistics.pointer[i] = isVariance ? 0.02 * Scalar(1 + i % 5) : 0.02 * Scalar(i % 7)
    }
    return Classifier(state)
}

/// The first digits of the test set with the network's own predictions as labels, except for every fifth.
func digits(_ count: Int, labelledBy classifier: Classifier) -> MadeUpImages {
    let test = Digits.splits().test
    var images = MadeUpImages(test.shape, classes: 10, images: [], labels: [])
    let pool = MemoryPool()
    for index in 0..<count {
        let image = test.tensor(of: [index], in: pool)
        let prediction = classifier.predictions(image)[0] ?? 0
        images.images.append(image.array)
        images.labels.append(index % 5 == 4 ? (prediction + 1) % 10 : prediction)
    }
    return images
}

func batch(_ images: MadeUpImages, _ indices: [Int], in pool: MemoryPool = MemoryPool()) -> AttackBatch {
    let shape = images.shape
    let numbers = indices.flatMap { images.images[$0] }
    return AttackBatch(
        images: Tensor([indices.count, shape.height, shape.width, shape.channels], numbers, in: pool),
        labels: indices.map { images.labels[$0] }, indices: indices)
}

extension ThreatModel.Norm {
    /// One number for each norm.
    func choice<Number>(l1: Number, l2: Number, linf: Number) -> Number {
        switch self {
        case .l0: preconditionFailure("choice: l0 is no norm")
        case .l1: l1
        case .l2: l2
        case .linf: linf
        }
    }
}
