import Kernels

/// What a derivative rule gives to an input: a tensor, and sums that are left to be made where the input's gradient is
/// needed, all in one pass over memory. Only passes that are not recorded leave any.
public struct Contribution: Sendable {
    var tensor: Tensor?
    /// Each with one factor a channel.
    var scaled: [(x: Tensor, scale: Tensor)] = []
    /// One number a channel.
    var shift: Tensor?

    static func tensor(_ tensor: Tensor) -> Contribution { Contribution(tensor: tensor) }

    var isDeferred: Bool { !scaled.isEmpty || shift != nil }

    /// The sum of all, of shape `shape`.
    func total(_ shape: Shape) -> Tensor? {
        guard isDeferred else { return tensor }
        let operands = [tensor].compactMap(\.self) + scaled.flatMap { [$0.x, $0.scale] } + [shift].compactMap(\.self)
        let channels = shape[-1]
        precondition(
            scaled.allSatisfy { $0.x.shape == shape && $0.scale.shape.count == channels }
                && (shift.map { $0.shape.count == channels } ?? true) && (tensor.map { $0.shape == shape } ?? true),
            "affine sum: \(operands.map(\.shape)) for \(shape)")
        return compute("affine sum", operands) {
            [
                Tensor(shape, in: operands[0].pool) { out in
                    affineSum(
                        rows: shape.count / channels, channels: channels, addend: tensor?.pointer,
                        scaled.map { ScaledTerm($0.x.pointer, by: $0.scale.pointer) }, shift: shift?.pointer, out)
                }
            ]
        }[0]
    }

    /// Adds what the other leaves to be made. Tensors are added by whoever knows their owners.
    mutating func deferSums(of other: Contribution) {
        scaled += other.scaled
        if let added = other.shift { shift = shift.map { $0 + added.reshaped($0.shape) } ?? added }
    }
}

extension Tensor {
    /// The sums over all axes but the last, of this tensor and of its product with another: each of `shape`.
    func channelMoments(with other: Tensor, _ shape: Shape) -> (sum: Tensor, product: Tensor) {
        let channels = self.shape[-1]
        let moments = compute("channel moments", [self, other]) {
            let sums = Storage(count: channels, in: pool), products = Storage(count: channels, in: pool)
            columnMoments(
                rows: self.shape.count / channels, columns: channels, pointer, other.pointer, sums: sums.pointer,
                products: products.pointer)
            return [sums, products].map { Tensor(shape: shape, storage: $0) }
        }
        return (moments[0], moments[1])
    }
}
