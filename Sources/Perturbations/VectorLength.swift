import Kernels

extension ThreatModel.Norm {
    /// The norm of a vector.
    public func length(of vector: [Double]) -> Double {
        switch self {
        case .l0: Double(vector.count { $0 != 0 })
        case .l1: doubleSum(vector.count) { abs(vector[$0]) }
        case .l2: doubleSum(vector.count) { vector[$0] * vector[$0] }.squareRoot()
        case .linf: vector.reduce(0) { max($0, abs($1)) }
        }
    }
}
