import Autodiff
import Formats
import Kernels
import Perturbations
import Randomness

/// Random perturbations on the surface of the ball: what an attack must beat to be called one.
public struct Noise: Attack {
    /// Of every value of an image, before the noise is scaled to the radius.
    public enum Distribution: String, Sendable, CaseIterable {
        case uniform, gaussian
    }

    /// What the noise is drawn from.
    public let distribution: Distribution
    /// Draws an image, until one is misclassified.
    public let tries: Int

    /// `noise-uniform` or `noise-gaussian`.
    public init(_ distribution: Distribution, tries: Int = 10) {
        precondition(tries > 0, "Noise: \(tries) tries")
        self.distribution = distribution
        self.tries = tries
    }

    public var name: String { "noise-\(distribution.rawValue)" }
    public let norms = ThreatModel.Norm.proper
    public var source: AttackSource { .outputs }
    public var settings: [JSONValue.Member] { [.init("tries", JSONValue(tries))] }

    public func validate(_ problem: AttackProblem) throws {}

    public func passes(_ problem: AttackProblem) -> Int { tries }

    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        let size = batch.imageCount
        return context.firstSuccess(of: tries, on: batch) { run, _, part in
            Tensor(part.images.shape, in: part.images.pool) { out in
                for (row, index) in part.indices.enumerated() {
                    var stream = context.stream(name, run: run, sample: index)
                    let image = out + row * size
                    writeNoisy(part.image(row), count: size, to: image, within: context.threat, &stream)
                    context.threat.project(size, image, original: part.image(row))
                }
            }
        }
    }

    private func writeNoisy(
        _ original: Source, count: Int, to image: Destination, within threat: ThreatModel, _ stream: inout RandomStream
    ) {
        let noise = (0..<count).map { _ in
            distribution == .uniform ? 2 * stream.uniform() - 1 : stream.normal()
        }
        let length = threat.norm.length(of: noise)
        let factor = length > 0 ? threat.epsilon / length : 0
        for i in 0..<count { image[i] = Scalar(Double(original[i]) + factor * noise[i]) }
    }
}
