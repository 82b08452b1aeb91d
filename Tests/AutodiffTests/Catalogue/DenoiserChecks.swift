import Autodiff

private func concatenationCheck(_ a: Shape, _ b: Shape, axis: Int) -> OperationCheck {
    OperationCheck(name: "concatenation along \(axis)", covers: ["Concatenation"], inputs: [a, b]) {
        $0[0].concatenated(with: $0[1], axis: axis)
    } reference: { x in
        let position = a.rank + axis
        var extents = x[0].extents
        extents[position] += b.extents[position]
        return NaiveTensor(extents) { index in
            guard index[position] >= a.extents[position] else { return x[0][index] }
            var from = index
            from[position] -= a.extents[position]
            return x[1][from]
        }
    }
}

private func upsamplingCheck(_ shape: Shape, by factor: Int) -> OperationCheck {
    OperationCheck(
        name: "nearest upsampling by \(factor)", covers: ["NearestUpsampling", "WindowSum"], inputs: [shape]
    ) {
        $0[0].upsampled(by: factor)
    } reference: { x in
        var extents = x[0].extents
        let rank = extents.count
        for axis in [rank - 3, rank - 2] { extents[axis] *= factor }
        return NaiveTensor(extents) { index in
            var from = index
            for axis in [rank - 3, rank - 2] { from[axis] /= factor }
            return x[0][from]
        }
    }
}

private func lookupCheck(_ shape: Shape, _ indices: [Int]) -> OperationCheck {
    OperationCheck(name: "rows \(indices)", covers: ["RowLookup", "RowAccumulation"], inputs: [shape]) {
        $0[0].rows(at: indices)
    } reference: { x in
        var extents = x[0].extents
        let axis = extents.count - 2
        extents[axis] = indices.count
        return NaiveTensor(extents) { index in
            var from = index
            from[axis] = indices[index[axis]]
            return x[0][from]
        }
    }
}

let denoiserChecks: [OperationCheck] = [
    concatenationCheck([2, 3], [2, 4], axis: -1), concatenationCheck([2, 1, 3], [2, 2, 3], axis: -2),
    concatenationCheck([1, 2, 2, 1], [1, 2, 2, 5], axis: -1), concatenationCheck([3, 2], [1, 2], axis: -2),
    upsamplingCheck([2, 3, 1], by: 2), upsamplingCheck([2, 1, 3, 5], by: 2), upsamplingCheck([1, 2, 2, 3], by: 3),
    upsamplingCheck([2, 2, 2], by: 1),
    lookupCheck([4, 3], [2, 0, 2, 3]), lookupCheck([2, 4, 3], [3, 1, 3]), lookupCheck([1, 5], [0, 0]),
    lookupCheck([3, 1], [1]),
]
