import Autodiff

/// The three members of the linear family for rows [..., inputs] and a weight [outputs, inputs].
private func family(_ leading: Shape, inputs: Int, outputs: Int) -> [OperationCheck] {
    let x = leading + [inputs], y = leading + [outputs], w: Shape = [outputs, inputs]
    return [
        OperationCheck(name: "linear", covers: ["Linear"], inputs: [x, w]) {
            $0[0].linear($0[1])
        } reference: { operands in
            NaiveTensor(y.extents) { index in
                (0..<inputs).reduce(0) {
                    $0 + operands[0][index.dropLast() + [$1]] * operands[1][index[index.count - 1], $1]
                }
            }
        },
        OperationCheck(name: "linear input gradient", covers: ["LinearInputGradient"], inputs: [y, w]) {
            let input = Tensor(x, repeating: 0, in: $0[0].pool).variable
            return gradients(of: input.linear($0[1]), seed: $0[0], with: [input], recording: true)[0]
        } reference: { operands in
            NaiveTensor(x.extents) { index in
                (0..<outputs).reduce(0) {
                    $0 + operands[0][index.dropLast() + [$1]] * operands[1][$1, index[index.count - 1]]
                }
            }
        },
        OperationCheck(name: "linear weight gradient", covers: ["LinearWeightGradient"], inputs: [y, x]) {
            let weight = Tensor(w, repeating: 0, in: $0[0].pool).variable
            return gradients(of: $0[1].linear(weight), seed: $0[0], with: [weight], recording: true)[0]
        } reference: { operands in
            NaiveTensor(w.extents) { index in
                NaiveTensor.indices(leading.extents).reduce(0) {
                    $0 + operands[0][$1 + [index[0]]] * operands[1][$1 + [index[1]]]
                }
            }
        },
    ]
}

let linearChecks: [OperationCheck] =
    family([5], inputs: 3, outputs: 4) + family([2, 3], inputs: 9, outputs: 1) + family([], inputs: 2, outputs: 5)
    + family([1], inputs: 1, outputs: 11)
