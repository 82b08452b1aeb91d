import Kernels

extension ThreatModel.Norm {
    /// Moves a vector to the nearest one of length `length` or less. Under `l0` values of equal size stay or go together,
    /// and one stays at least.
    public func shrink(_ vector: inout [Double], to length: Double) {
        switch self {
        case .l0:
            guard length < Double(vector.count) else { return }
            let sizes = vector.map(abs), least = sizes.sorted(by: >)[max(Int(length), 1) - 1]
            for i in vector.indices where sizes[i] < least { vector[i] = 0 }
        case .l1:
            let sizes = vector.map(abs), rooms = vector.map { _ in Double.infinity }
            let amount = ThreatModel.amount(sizes, rooms: rooms, leaving: length)
            for i in vector.indices { vector[i] = Double(signOf: vector[i], magnitudeOf: max(sizes[i] - amount, 0)) }
        case .l2:
            let factor = length / max(self.length(of: vector), 1e-12)
            if factor < 1 { for i in vector.indices { vector[i] *= factor } }
        case .linf:
            for i in vector.indices { vector[i] = min(max(vector[i], -length), length) }
        }
    }

    /// The dual norm of a gradient: how fast a linear function rises along the steepest move of length 1. Under `l0`, where
    /// a move may be of any size, this is infinite.
    public func slope(of gradient: [Double]) -> Double {
        switch self {
        case .l0: .infinity
        case .l1: Self.linf.length(of: gradient)
        case .l2: Self.l2.length(of: gradient)
        case .linf: Self.l1.length(of: gradient)
        }
    }
}
