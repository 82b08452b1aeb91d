import Autodiff
import Kernels

private func sliceCheck(_ shape: Shape, _ range: Range<Int>, axis: Int) -> OperationCheck {
    OperationCheck(name: "slice \(range) of axis \(axis)", covers: ["Slice"], inputs: [shape]) {
        $0[0].sliced(range, axis: axis)
    } reference: { x in
        var extents = x[0].extents
        let position = extents.count + axis
        extents[position] = range.count
        return NaiveTensor(extents) { index in
            var from = index
            from[position] += range.lowerBound
            return x[0][from]
        }
    }
}

private func embedCheck(_ shape: Shape, at start: Int, of extent: Int, axis: Int) -> OperationCheck {
    OperationCheck(name: "embed at \(start) of \(extent), axis \(axis)", covers: ["Embed"], inputs: [shape]) {
        $0[0].embedded(at: start, of: extent, axis: axis)
    } reference: { x in
        var extents = x[0].extents
        let position = extents.count + axis, range = start..<(start + extents[position])
        extents[position] = extent
        return NaiveTensor(extents) { index in
            guard range.contains(index[position]) else { return 0 }
            var from = index
            from[position] -= start
            return x[0][from]
        }
    }
}

private func transposeCheck(_ shape: Shape, _ first: Int, _ second: Int) -> OperationCheck {
    OperationCheck(name: "transpose \(first), \(second)", covers: ["Transpose"], inputs: [shape]) {
        $0[0].transposed(first, second)
    } reference: { x in
        func exchanged(_ list: [Int]) -> [Int] {
            var list = list
            list.swapAt(list.count + first, list.count + second)
            return list
        }
        return NaiveTensor(exchanged(x[0].extents)) { x[0][exchanged($0)] }
    }
}

private func reshapeCheck(_ shape: Shape, _ target: Shape) -> OperationCheck {
    OperationCheck(name: "reshape to \(target)", covers: ["Reshape"], inputs: [shape]) {
        $0[0].reshaped(target)
    } reference: {
        $0[0].reshaped(target.extents)
    }
}

let shapeChecks: [OperationCheck] = [
    sliceCheck([4, 3], 1..<3, axis: -2), sliceCheck([2, 5], 0..<4, axis: -1), sliceCheck([3, 4, 2], 3..<4, axis: -2),
    embedCheck([2, 3], at: 1, of: 5, axis: -2), embedCheck([2, 3], at: 0, of: 4, axis: -1),
    embedCheck([3, 1, 2], at: 2, of: 3, axis: -2),
    transposeCheck([3, 4], -2, -1), transposeCheck([2, 3, 4], -3, -1), transposeCheck([2, 3, 2, 5], -3, -2),
    transposeCheck([2, 3, 4, 1, 2], -1, -4),
    reshapeCheck([2, 6], [3, 2, 2]), reshapeCheck([1, 1], []), reshapeCheck([4], [1, 4, 1]),
]

private func naiveSum(_ x: NaiveTensor, _ axes: [Int]) -> NaiveTensor {
    let summed = axes.map { $0 + x.extents.count }
    var total = NaiveTensor(x.extents.enumerated().map { summed.contains($0) ? 1 : $1 }) { _ in 0 }
    for index in NaiveTensor.indices(x.extents) {
        total[index.enumerated().map { summed.contains($0) ? 0 : $1 }] += x[index]
    }
    return total
}

private func sumCheck(_ shape: Shape, _ axes: [Int]) -> OperationCheck {
    OperationCheck(name: "sum over \(axes)", covers: ["Sum"], inputs: [shape]) {
        $0[0].sum(axes: axes)
    } reference: {
        naiveSum($0[0], axes)
    }
}

private func broadcastCheck(_ shape: Shape, to target: Shape) -> OperationCheck {
    OperationCheck(name: "broadcast to \(target)", covers: ["Broadcast"], inputs: [shape]) {
        $0[0].broadcast(to: target)
    } reference: { x in
        NaiveTensor(target.extents) { x[0].repeated(at: $0) }
    }
}

private func productSumCheck(_ shape: Shape, _ axes: [Int]) -> OperationCheck {
    OperationCheck(name: "product sum over \(axes)", covers: ["ProductSum"], inputs: [shape, shape]) {
        $0[0].productSum($0[1], axes: axes)
    } reference: { x in
        naiveSum(NaiveTensor(x[0].extents, values: zip(x[0].values, x[1].values).map { $0 * $1 }), axes)
    }
}

private func varianceCheck(_ shape: Shape, _ axes: [Int]) -> OperationCheck {
    OperationCheck(name: "variance over \(axes)", covers: ["Variance"], inputs: [shape]) { x in
        let count = axes.reduce(1) { $0 * shape[$1] }
        return x[0].variance(around: x[0].sum(axes: axes) * (1 / Scalar(count)), axes: axes)
    } reference: { x in
        let count = Double(axes.reduce(1) { $0 * shape[$1] })
        let mean = naiveSum(x[0], axes).map { $0 / count }
        let squares = NaiveTensor(x[0].extents) { index in
            let deviation = x[0][index] - mean.repeated(at: index)
            return deviation * deviation
        }
        return naiveSum(squares, axes).map { $0 / count }
    }
}

let reductionChecks: [OperationCheck] = [
    varianceCheck([4, 3], [-2]), varianceCheck([3, 3], [-1]), varianceCheck([2, 3, 2, 9], [-4, -3, -2]),
    varianceCheck([2, 3, 2, 2, 3], [-4, -3, -1]),
    productSumCheck([3, 5], [-1]), productSumCheck([3, 5], [-2]), productSumCheck([2, 3, 4], [-3, -1]),
    productSumCheck([2, 3, 2, 4], [-4, -3, -2]), productSumCheck([2, 3, 2, 4], [-3, -1]),
    productSumCheck([3, 1, 2], [-3, -2, -1]),
    OperationCheck(name: "product sum of different shapes", covers: ["Sum"], inputs: [[2, 3], [3]]) {
        $0[0].productSum($0[1], axes: [-2])
    } reference: { x in
        naiveSum(NaiveTensor([2, 3]) { x[0][$0] * x[1].repeated(at: $0) }, [-2])
    },
    OperationCheck(name: "inner product of a tensor with itself", covers: ["ProductSum"], inputs: [[3, 4]]) {
        $0[0].productSum($0[0], axes: [-1])
    } reference: {
        naiveSum($0[0].map { $0 * $0 }, [-1])
    },
    sumCheck([3, 5], [-1]), sumCheck([3, 5], [-2]), sumCheck([2, 3, 4], [-3, -1]), sumCheck([2, 3, 4], [-2]),
    sumCheck([2, 3, 2, 4], [-4, -3, -2]), sumCheck([2, 3, 2, 4], [-3, -1]), sumCheck([3, 1, 2], [-3, -2, -1]),
    broadcastCheck([3, 1], to: [3, 4]), broadcastCheck([1, 5], to: [2, 5]), broadcastCheck([1, 3, 1], to: [2, 3, 4]),
    broadcastCheck([1, 1], to: [2, 3]),
    OperationCheck(name: "total", covers: ["Sum", "Reshape"], inputs: [[2, 3, 2]]) {
        $0[0].total()
    } reference: {
        NaiveTensor([], values: [$0[0].values.reduce(0, +)])
    },
    OperationCheck(name: "mean over -3, -1", covers: ["Sum", "Pointwise"], inputs: [[2, 3, 4]]) {
        $0[0].mean(-3, -1)
    } reference: {
        naiveSum($0[0], [-3, -1]).map { $0 / 8 }
    },
]
