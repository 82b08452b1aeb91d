import Kernels

/// The identity, placed on the path from an activation to its batch statistics. It decides what the statistics are in
/// a differentiation pass, exactly and in every order:
///
/// - `frozen`: constants. Nothing flows, so each image's gradient is its own. A later pass over the recorded gradient
///   that is not frozen sees them as functions of the parameters again.
/// - `perClass`: functions of the batch, each class by itself; what plain autodiff gives.
/// - `repeated`: functions of a batch that holds every image once a class. Its sums run over classes and images
///   together; with C copies of n images every copy receives 1 / (C n) of the total, which is the mean over the class
///   axis of what each class by itself would receive.
struct StatisticsGate: Operation {
    let name = "statistics gate"
    let keeps: Kept = .nothing

    func passesGradient(_ statistics: BatchStatistics) -> Bool { statistics != .frozen }
    func forward(_ x: [Tensor]) -> Tensor { x[0] }
    func pullback(_ p: Pullback) -> [Tensor?] {
        switch p.statistics {
        case .frozen: return [nil]
        case .perClass: return [p.cotangent]
        case .repeated:
            let rank = p.cotangent.shape.rank
            let axes = (0..<p.lead).map { $0 - rank }
            return [p.cotangent.sum(axes: axes) * (1 / Scalar(p.leadShape.count))]
        }
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { self }
}

extension Tensor {
    /// The same numbers, through which a pass sees batch statistics as `BatchStatistics` says.
    public func gatedStatistics() -> Tensor { apply(StatisticsGate(), [self]) }
}
