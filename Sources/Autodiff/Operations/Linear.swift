import Kernels

/// y[..., out] = x[..., in] w[out, in]ᵀ. With its two transposes it forms a family closed under differentiation: each
/// derivative of each member is one of the members.
struct Linear: Operation {
    let name = "linear"
    let keeps: Kept = .inputs

    func forward(_ x: [Tensor]) -> Tensor {
        let (input, weight) = (x[0], x[1])
        precondition(
            weight.shape.rank == 2 && input.shape[-1] == weight.shape[1],
            "linear: input \(input.shape), weight \(weight.shape)")
        let (out, width) = (weight.shape[0], weight.shape[1]), rows = input.shape.count / max(1, width)
        return Tensor(input.shape.prefix(input.shape.rank - 1) + [out], in: input.pool) {
            rowProducts(rows: rows, out, width, input.pointer, weight.pointer, transposed: true, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [
            p.wanted[0] ? apply(LinearInputGradient(), [p.cotangent, p.input(1)]) : nil,
            p.wanted[1] ? weightGradient(cotangent: p.cotangent, input: p.input(0), lead: p.lead) : nil,
        ]
    }
}

/// dx[..., in] = dy[..., out] w[out, in]
struct LinearInputGradient: Operation {
    let name = "linear input gradient"
    let keeps: Kept = .inputs

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, weight) = (x[0], x[1])
        precondition(
            weight.shape.rank == 2 && dy.shape[-1] == weight.shape[0],
            "linear input gradient: cotangent \(dy.shape), weight \(weight.shape)")
        let (out, width) = (weight.shape[0], weight.shape[1]), rows = dy.shape.count / max(1, out)
        return Tensor(dy.shape.prefix(dy.shape.rank - 1) + [width], in: dy.pool) {
            rowProducts(rows: rows, width, out, dy.pointer, weight.pointer, transposed: false, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [
            p.wanted[0] ? apply(Linear(), [p.cotangent, p.input(1)]) : nil,
            p.wanted[1] ? weightGradient(cotangent: p.input(0), input: p.cotangent, lead: p.lead) : nil,
        ]
    }
}

/// dw[out, in] = dyᵀ x, summed over all rows.
struct LinearWeightGradient: Operation {
    let name = "linear weight gradient"
    let keeps: Kept = .inputs

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, input) = (x[0], x[1]), (out, width) = (dy.shape[-1], input.shape[-1])
        precondition(
            dy.shape.prefix(dy.shape.rank - 1) == input.shape.prefix(input.shape.rank - 1),
            "linear weight gradient: cotangent \(dy.shape), input \(input.shape)")
        let rows = dy.shape.count / max(1, out)
        return Tensor([out, width], in: dy.pool) {
            BLAS.gemm(transposeA: true, out, width, rows, dy.pointer, out, input.pointer, width, $0, width)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        precondition(p.lead == 0, "linear weight gradient: weights carry no class axis")
        return [
            p.wanted[0] ? apply(Linear(), [p.input(1), p.cotangent]) : nil,
            p.wanted[1] ? apply(LinearInputGradient(), [p.input(0), p.cotangent]) : nil,
        ]
    }
}

/// A weight gradient for each leading index of the cotangent (or of the input, whichever carries them).
private func weightGradient(cotangent: Tensor, input: Tensor, lead: Int) -> Tensor {
    perLeadingIndex(cotangent, input, lead: lead) { apply(LinearWeightGradient(), [$0, $1]) }
}

/// Runs `body` on matching slices of two tensors of which one or both carry `lead` leading axes, and stacks the results.
func perLeadingIndex(_ a: Tensor, _ b: Tensor, lead: Int, _ body: (Tensor, Tensor) -> Tensor) -> Tensor {
    let rank = max(a.shape.rank, b.shape.rank)
    if lead == 0 || a.shape.rank == b.shape.rank && lead == 0 { return body(a, b) }
    let carrier = a.shape.rank == rank ? a : b
    let leadShape = carrier.shape.prefix(lead), count = leadShape.count
    func slice(_ t: Tensor, _ i: Int) -> Tensor {
        guard t.shape.rank == rank else { return t }
        let inner = t.shape.dropFirst(lead)
        let flat = t.reshaped([count] + inner)
        return flat.sliced(i..<(i + 1), axis: -flat.shape.rank).reshaped(inner)
    }
    var total: Tensor?
    for i in 0..<count {
        let part = body(slice(a, i), slice(b, i))
        let placed = part.reshaped([1] + part.shape).embedded(at: i, of: count, axis: -(part.shape.rank + 1))
        total = total.map { $0 + placed } ?? placed
    }
    guard let total else { preconditionFailure("perLeadingIndex: no leading index") }
    return total.reshaped(leadShape + total.shape.dropFirst())
}

extension Tensor {
    /// self[..., in] times weight[out, in] transposed.
    public func linear(_ weight: Tensor) -> Tensor { apply(Linear(), [self, weight]) }
}
