import Autodiff
import Kernels
import Models

/// One image, and what is to be explained of it.
public struct ExplanationSubject {
    let classifier: Classifier
    /// Of which the gradients are.
    let function: GradientPictures.Function
    /// [1, H, W, C]
    let image: Tensor
    /// The class.
    let target: Int
    /// The image's place in the data set, by which random numbers are keyed.
    let index: Int
    let seed: UInt64
    /// Called after each pass through the network.
    let progress: () -> Void

    /// Images that go through the network at once; what comes out does not depend on it.
    private static let batch = 16

    /// The sum over `count` images, in their order, of the gradients of the class's value; `fill` writes an image.
    func gradientSum(_ count: Int, _ fill: (Int, Destination) -> Void) -> [Scalar] {
        let size = image.shape.count
        var sum = [Scalar](repeating: 0, count: size)
        for start in stride(from: 0, to: count, by: Self.batch) {
            let places = start..<min(count, start + Self.batch)
            let images = Tensor([places.count] + image.shape.dropFirst(), in: image.pool) { out in
                for (row, place) in places.enumerated() { fill(place, out + row * size) }
            }
            for gradient in gradients(of: images).array.chunks(of: size) {
                for (place, value) in zip(sum.indices, gradient) { sum[place] += value }
            }
            progress()
        }
        return sum
    }

    private func gradients(of images: Tensor) -> Tensor {
        classifier.inputGradient(
            of: images, of: { function == .logprob ? $0.logSoftmax() : $0 },
            cotangent: { values in
                Tensor(values.shape, in: values.pool) { out in
                    out.update(repeating: 0, count: values.shape.count)
                    for row in 0..<values.shape[0] { out[row * values.shape[1] + target] = 1 }
                }
            }
        ).gradient
    }
}
