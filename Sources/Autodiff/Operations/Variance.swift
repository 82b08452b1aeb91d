import Kernels

/// The mean over some axes, which stay with extent 1, of (x - mean)^2, where `mean` is x's own over these axes.
///
/// The derivative by the mean is left out because it is zero, in every order: the mean is where the sum of squares is
/// least, whatever x is. The rule for x reads the mean as the function of x that it is.
struct Variance: Operation {
    let axes: [Int]
    let name = "variance"
    let keeps: Kept = .inputs

    func forward(_ x: [Tensor]) -> Tensor {
        let (x, mean) = (x[0], x[1])
        let kept = x.shape.extents.indices.map { axes.contains($0 - x.shape.rank) ? 1 : x.shape.extents[$0] }
        precondition(mean.shape == Shape(kept), "variance: \(x.shape) over \(axes) around \(mean.shape)")
        let share = 1 / Scalar(x.shape.count / mean.shape.count)
        guard isPerChannel(x.shape) else {
            let centred = x - mean
            return centred.productSum(centred, axes: axes) * share
        }
        let channels = mean.shape.count
        return Tensor(mean.shape, in: x.pool) {
            squaredDeviationSums(
                rows: x.shape.count / channels, columns: channels, x.pointer, mean: mean.pointer, $0)
        } * share
    }
    /// Whether only the last axis is kept.
    private func isPerChannel(_ shape: Shape) -> Bool { Set(axes) == Set((2..<(shape.rank + 1)).map { -$0 }) }

    func pullback(_ p: Pullback) -> [Tensor?] { [(p.input(0) - p.input(1)) * slope(p), nil] }

    func contributions(_ p: Pullback) -> [Contribution?] {
        let (x, mean) = (p.input(0), p.input(1))
        guard p.canDefer, isPerChannel(x.shape) else { return tensorContributions(p) }
        let slope = slope(p)
        return [Contribution(scaled: [(x, slope)], shift: -(mean * slope)), nil]
    }

    func onRows(_ cut: RowCut) -> (any Operation)? {
        cut.follows(0) && cut.follows(1) && cut.sparesRows(axes, of: 0) ? self : nil
    }

    private func slope(_ p: Pullback) -> Tensor {
        p.cotangent * (2 * Scalar(p.outputShape.count) / Scalar(p.inputShapes[0].count))
    }
}

extension Tensor {
    /// The mean over axes counted from the end of the squared distance from `mean`, which must be this tensor's mean
    /// over the same axes, kept with extent 1 as the result is.
    public func variance(around mean: Tensor, axes: [Int]) -> Tensor { apply(Variance(axes: axes), [self, mean]) }
}
