import Autodiff

/// What weight decay pulls toward zero.
public enum DecayedParameters: String, Sendable, CaseIterable {
    /// Every parameter, as PyTorch's optimisers do by themselves.
    case all
    /// Those of two axes or more: filters, matrices, embeddings. Biases and the scales of normalisations are left
    /// alone.
    case weights
}

/// A weight decay over the flat vector of a network's parameters.
struct WeightDecay {
    /// Contiguous, in order, and together the whole vector.
    let parts: [(range: Range<Int>, decay: Double)]
    let count: Int

    /// - Parameter shapes: of the parameters, in declaration order.
    init(_ decay: Double, on decayed: DecayedParameters, _ shapes: [Shape]) {
        var parts: [(range: Range<Int>, decay: Double)] = [], end = 0
        for shape in shapes {
            let own = decayed == .all || shape.rank > 1 ? decay : 0
            if let last = parts.last, last.decay == own {
                parts[parts.count - 1].range = last.range.lowerBound..<(end + shape.count)
            } else {
                parts.append((end..<(end + shape.count), own))
            }
            end += shape.count
        }
        self.parts = parts
        count = end
    }
}
