import Autodiff
import Kernels
import Layers
import Randomness

/// Images with the noise that a training step shows them in, and the labels that are left of them.
public struct NoisyImages {
    /// [B, H, W, C]
    public let noisy: Tensor
    /// [B], each image's time step.
    public let times: [Int]
    /// [B], each image's label, or the empty class.
    public let classes: [Int]
    private let clean: Tensor
    private let noise: Tensor

    /// Time step, label and noise of image `row` come from `stream(row)`, in this order.
    /// - Parameters:
    ///   - images: normalised, [B, H, W, C].
    ///   - emptyClass: what stands for no class.
    ///   - labelDropping: the probability that the label is replaced by it.
    public init(
        _ images: Tensor, labels: [Int], emptyClass: Int, labelDropping: Double, levels: NoiseLevels,
        stream: (Int) -> RandomStream
    ) {
        var times: [Int] = [], classes: [Int] = []
        let size = images.shape.dropFirst().count
        noise = Tensor(images.shape, in: images.pool) { out in
            for (row, label) in labels.enumerated() {
                var stream = stream(row)
                times.append(stream.below(levels.count))
                classes.append(stream.uniform() < labelDropping ? emptyClass : label)
                stream.fillNormal(size, out + row * size)
            }
        }
        clean = images
        noisy = images.noised(noise, times: times, levels)
        self.times = times
        self.classes = classes
    }

    /// What the network is told of the images.
    public var conditioning: Conditioning { Conditioning(times: times.map { Double($0) }, classes: classes) }

    /// What the network should say.
    public func wanted(_ prediction: Prediction, _ levels: NoiseLevels) -> Tensor {
        switch prediction {
        case .epsilon: noise
        case .v:
            noise.scaled(times.map { levels.signal[$0] }) - clean.scaled(times.map { levels.deviation[$0] })
        }
    }
}
