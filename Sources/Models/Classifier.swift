import Autodiff
import Kernels
import Layers

/// A model as an attacker meets it: running statistics, constant parameters, images [B, H, W, C] in [0, 1].
///
/// What it says about an image does not depend, to the bit, on the batch that the image stands in. It computes as the pool
/// of its parameters says; images of a pool that computes products in another precision are copied.
public struct Classifier {
    private let state: ModelState
    /// Cut once, so that all passes share what is prepared from them.
    private let parameters: [Tensor]
    private let foldedFilters = FoldedFilters()
    /// Nil for a network whose output is not random.
    public var noise: InputNoise?
    /// Which of the noise's draws passes see.
    private var draw = 0
    private let preparation: (Tensor) -> Tensor

    /// - Parameters:
    ///   - parameters: replaces the state's own, by an average of them for instance.
    ///   - preparation: what images go through before the network, made of operations and each image by itself.
    public init(
        _ state: ModelState, parameters: Storage? = nil, preparation: @escaping (Tensor) -> Tensor = { $0 }
    ) {
        precondition(!state.model.predictsNoise, "Classifier: the network is a denoiser")
        self.state = state
        self.parameters = state.tensors(of: parameters ?? state.parameters)
        self.preparation = preparation
    }

    public var model: Model { state.model }
    /// Logits of an image.
    public var classes: Int { state.model.classes }
    /// In which precision the network's products are computed.
    public var products: ProductPrecision { pool.execution.products }

    private var pool: MemoryPool { state.parameters.pool }

    /// The same network with other noise, where it has any.
    public func drawing(_ draw: Int) -> Classifier {
        var copy = self
        copy.draw = draw
        return copy
    }

    private func admitted(_ images: Tensor) -> Tensor {
        if let noise { return noise.added(to: images, draw: draw, in: pool) }
        guard images.pool.execution.products != products else { return images.detached }
        return Tensor(images.shape, in: pool) { $0.update(from: images.pointer, count: images.shape.count) }
    }

    /// [B, classes]
    public func logits(_ images: Tensor) -> Tensor {
        var context = passContext()
        return state.model(preparation(admitted(images)), &context)
    }

    /// The gradient of a function of the logits with respect to the images; see `ModelState.inputGradient`.
    public func inputGradient(
        of images: Tensor, of function: (Tensor) -> Tensor = { $0 }, cotangent: (Tensor) -> Tensor
    ) -> InputGradient {
        var context = passContext()
        return state.inputGradient(
            of: admitted(images), in: &context, preparation: preparation, of: function, cotangent: cotangent)
    }

    private func passContext() -> ForwardContext {
        state.context(.inference, parameters: parameters, foldedFilters: foldedFilters)
    }

    /// The class of each image, the first one where several logits are the largest. No class, nil, where a logit is not
    /// finite: probabilities would not be numbers then.
    public func predictions(_ images: Tensor) -> [Int?] { Self.predictions(fromLogits: logits(images)) }

    /// One flag an image: whether the model says anything else than the label.
    public func misclassifies(_ images: Tensor, _ labels: [Int]) -> [Bool] {
        precondition(images.shape[0] == labels.count, "Classifier: \(labels.count) labels for \(images.shape)")
        return zip(predictions(images), labels).map { $0 != $1 }
    }

    /// The same of logits [B, classes].
    public static func predictions(fromLogits logits: Tensor) -> [Int?] {
        let classes = logits.shape[-1]
        return (0..<logits.shape[0]).map { row in
            prediction(UnsafeBufferPointer(start: logits.pointer + row * classes, count: classes))
        }
    }

    private static func prediction(_ logits: UnsafeBufferPointer<Scalar>) -> Int? {
        var best = 0
        for (index, logit) in logits.enumerated() {
            if !logit.isFinite { return nil }
            if logit > logits[best] { best = index }
        }
        return best
    }
}
