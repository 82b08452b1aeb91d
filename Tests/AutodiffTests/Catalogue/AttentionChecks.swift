import Autodiff
import Glibc
import Kernels

/// Rows of numbers that follow from rows of another tensor, both along the last axis.
private func eachRow(_ x: NaiveTensor, _ function: ([Double]) -> [Double]) -> NaiveTensor {
    let columns = x.extents[x.extents.count - 1]
    return NaiveTensor(x.extents) { index in
        let lead = Array(index.dropLast())
        return function((0..<columns).map { x[lead + [$0]] })[index[index.count - 1]]
    }
}

private func softmaxCheck(_ shape: Shape, scale: Double) -> OperationCheck {
    OperationCheck(name: "softmax, scale \(scale)", covers: ["Softmax", "SoftmaxGradient"], inputs: [shape]) {
        $0[0].softmax(scale: Scalar(scale))
    } reference: {
        eachRow($0[0]) { row in
            let powers = row.map { exp(scale * $0) }
            return powers.map { $0 / powers.reduce(0, +) }
        }
    }
}

private func normalisationCheck(_ shape: Shape) -> OperationCheck {
    OperationCheck(
        name: "row normalisation", covers: ["RowNormalisation", "RowNormalisationGradient"], inputs: [shape]
    ) {
        $0[0].normalisedRows(epsilon: 0.01)
    } reference: {
        eachRow($0[0]) { row in
            let mean = row.reduce(0, +) / Double(row.count)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
            return row.map { ($0 - mean) / (variance + 0.01).squareRoot() }
        }
    }
}

/// Scores of a[lead, n, heads, d] for b[lead, m, heads, d]; either may lack leading axes.
private func scoresCheck(
    _ leadA: Shape, _ leadB: Shape, _ n: Int, _ m: Int, heads: Int, _ width: Int
) -> OperationCheck {
    let lead = leadA.rank >= leadB.rank ? leadA : leadB
    return OperationCheck(
        name: "head scores", covers: ["HeadScores", "HeadMixture"],
        inputs: [leadA + [n, heads, width], leadB + [m, heads, width]]
    ) {
        $0[0].headScores($0[1])
    } reference: { operands in
        NaiveTensor((lead + [heads, n, m]).extents) { index in
            let (place, inner) = (Array(index.dropLast(3)), Array(index.suffix(3)))
            return (0..<width).reduce(0) {
                $0 + operands[0][Array(place.suffix(leadA.rank)) + [inner[1], inner[0], $1]]
                    * operands[1][Array(place.suffix(leadB.rank)) + [inner[2], inner[0], $1]]
            }
        }
    }
}

/// Mixtures by s[lead, heads, n, m] of v[lead, m, heads, d]; either may lack leading axes.
private func mixtureCheck(
    _ leadS: Shape, _ leadV: Shape, _ n: Int, _ m: Int, heads: Int, _ width: Int
) -> OperationCheck {
    let lead = leadS.rank >= leadV.rank ? leadS : leadV
    return OperationCheck(
        name: "head mixture", covers: ["HeadScores", "HeadMixture"],
        inputs: [leadS + [heads, n, m], leadV + [m, heads, width]]
    ) {
        $0[0].headMixture($0[1])
    } reference: { operands in
        NaiveTensor((lead + [n, heads, width]).extents) { index in
            let (place, inner) = (Array(index.dropLast(3)), Array(index.suffix(3)))
            return (0..<m).reduce(0) {
                $0 + operands[0][Array(place.suffix(leadS.rank)) + [inner[1], inner[0], $1]]
                    * operands[1][Array(place.suffix(leadV.rank)) + [$1, inner[1], inner[2]]]
            }
        }
    }
}

let attentionChecks: [OperationCheck] = [
    softmaxCheck([3, 7], scale: 1), softmaxCheck([2, 3, 17], scale: 0.5), softmaxCheck([4, 1], scale: 2),
    normalisationCheck([3, 7]), normalisationCheck([2, 3, 17]), normalisationCheck([35]),
    scoresCheck([], [], 2, 3, heads: 2, 4), scoresCheck([2], [2], 1, 3, heads: 2, 2),
    scoresCheck([2, 3], [3], 2, 2, heads: 1, 3), scoresCheck([2], [3, 2], 2, 1, heads: 2, 2),
    mixtureCheck([], [], 2, 3, heads: 2, 4), mixtureCheck([2], [2], 1, 3, heads: 2, 2),
    mixtureCheck([2, 3], [3], 2, 2, heads: 1, 3), mixtureCheck([2], [3, 2], 2, 1, heads: 2, 2),
]
