import Autodiff
import Kernels
import Randomness
import Testing

/// A differentiable function of tensors, through the public interface, and what it must equal.
struct OperationCheck: Sendable, CustomTestStringConvertible {
    /// Where an input's numbers come from: far enough from kinks and poles for finite differences.
    enum Domain: Sendable {
        case anywhere, positive, awayFromZero
        /// Too small to carry another number across zero.
        case small
        /// No two numbers closer than a tenth.
        case distinct
    }

    let name: String
    /// The operations, by type name, that the function runs.
    let covers: [String]
    let inputs: [Shape]
    var domains: [Domain] = []
    let function: @Sendable ([Tensor]) -> Tensor
    let reference: @Sendable ([NaiveTensor]) -> NaiveTensor

    var testDescription: String { "\(name) of \(inputs.map(\.description).joined(separator: ", "))" }

    /// The inputs' numbers: the same at every call.
    func sample(in pool: MemoryPool) -> [Tensor] {
        inputs.enumerated().map { index, shape in
            let domain = index < domains.count ? domains[index] : .anywhere
            return Tensor(shape, numbers(shape.count, domain, salt: UInt64(index)), in: pool)
        }
    }

    private func numbers(_ count: Int, _ domain: Domain, salt: UInt64) -> [Scalar] {
        var stream = RandomStream(seed: 3, purpose: .test, salt)
        switch domain {
        case .anywhere: return (0..<count).map { _ in Scalar(3 * stream.uniform() - 1.5) }
        case .positive: return (0..<count).map { _ in Scalar(1.5 * stream.uniform() + 0.5) }
        case .awayFromZero:
            return (0..<count).map { _ in
                let magnitude = stream.uniform() + 0.4
                return Scalar(stream.below(2) == 0 ? magnitude : -magnitude)
            }
        case .small: return (0..<count).map { _ in Scalar(0.1 * stream.uniform() - 0.05) }
        case .distinct:
            return stream.permutation(count).map { Scalar(Double($0 - count / 2) * 0.1 + 0.03) }
        }
    }
}

/// Seeds, directions and weights: numbers in ±1 that depend on the salt and the shape alone.
func random(_ shape: Shape, salt: UInt64, in pool: MemoryPool) -> Tensor {
    var stream = RandomStream(seed: 4, purpose: .test, salt)
    return Tensor(shape, (0..<shape.count).map { _ in Scalar(2 * stream.uniform() - 1) }, in: pool)
}

extension NaiveTensor {
    init(_ tensor: Tensor) { self.init(tensor.shape.extents, values: tensor.array.map { Double($0) }) }
}
