import Autodiff

/// a[lead, m, k] times b[lead, k, n] or, transposed, b[lead, n, k]; either may lack leading axes.
private func check(_ leadA: Shape, _ leadB: Shape, _ m: Int, _ n: Int, _ k: Int, transposed: Bool) -> OperationCheck {
    let lead = leadA.rank >= leadB.rank ? leadA : leadB
    return OperationCheck(
        name: transposed ? "matrix product with a transpose" : "matrix product", covers: ["MatrixProduct"],
        inputs: [leadA + [m, k], leadB + (transposed ? [n, k] : [k, n])]
    ) {
        $0[0].product($0[1], transposed: transposed)
    } reference: { operands in
        NaiveTensor((lead + [m, n]).extents) { index in
            let place = Array(index.dropLast(2)), (row, column) = (index[index.count - 2], index[index.count - 1])
            let placeA = Array(place.suffix(leadA.rank)), placeB = Array(place.suffix(leadB.rank))
            return (0..<k).reduce(0) {
                $0 + operands[0][placeA + [row, $1]]
                    * operands[1][placeB + (transposed ? [column, $1] : [$1, column])]
            }
        }
    }
}

let matrixProductChecks: [OperationCheck] = [
    check([], [], 2, 3, 4, transposed: false), check([], [], 3, 1, 2, transposed: true),
    check([2, 3], [2, 3], 2, 4, 3, transposed: true), check([3], [3], 1, 5, 2, transposed: false),
    check([2, 3], [3], 2, 3, 2, transposed: false), check([2], [3, 2], 2, 3, 2, transposed: true),
]
