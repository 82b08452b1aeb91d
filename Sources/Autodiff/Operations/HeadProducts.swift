import Kernels

/// For every head h the products of two sets of tokens: a[..., n, h, d] and b[..., m, h, d] to [..., h, n, m]. Leading
/// axes broadcast. With `HeadMixture` it forms a family closed under differentiation.
///
/// Heads stay where a linear layer writes them: between tokens and their numbers.
struct HeadScores: ProductOperation, FactorOperation {
    let name = "head scores", hasFilters = false
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (a, b) = (x[0], x[1]), sizes = sizes(a.shape, b.shape)
        let n = a.shape[-3], m = b.shape[-3], (heads, width) = (sizes.heads, sizes.width)
        let product = product(x.map(\.shape), a.execution.unit)
        let all = sizes.leads.all.count, distinct = sizes.leads.second
        return Tensor(sizes.leads.all + [heads, n, m], in: a.pool) { out in
            let form = Storage(count: product.preparedCount, in: a.pool)
            let scratch = Storage(count: product.scratchCount, in: a.pool)
            withExtendedLifetime((form, scratch)) {
                for second in 0..<min(all, distinct) {
                    for head in 0..<heads {
                        let b = b.pointer + (second * m * heads + head) * width
                        let prepared = product.prepared(b, in: form.pointer)
                        // Of all that are multiplied with these tokens.
                        for i in stride(from: second, to: all, by: distinct) {
                            let a = a.pointer + (i % sizes.leads.first * n * heads + head) * width
                            product.multiply(
                                a, prepared, out + (i * heads + head) * n * m, scratch: scratch.pointer)
                        }
                    }
                }
            }
        }
    }
    func multiplications(_ inputs: [Shape]) -> Int {
        let sizes = sizes(inputs[0], inputs[1])
        return sizes.leads.all.count * sizes.heads * inputs[0][-3] * inputs[1][-3] * sizes.width
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [
            p.wanted[0] ? apply(HeadMixture(isTransposed: false), [p.cotangent, p.input(1)]) : nil,
            p.wanted[1] ? apply(HeadMixture(isTransposed: true), [p.cotangent, p.input(0)]) : nil,
        ]
    }
    func roundsFactors(_ inputs: [Shape], in execution: Execution) -> Bool {
        product(inputs, execution.unit).roundsFactors
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.followsAsMatrices(of: 3) ? self : nil }

    /// Of one head.
    private func product(_ inputs: [Shape], _ unit: BFloat16Unit) -> HeadProduct {
        let (a, b) = (inputs[0], inputs[1]), width = a[-1], row = a[-2] * width
        return HeadProduct(
            m: a[-3], n: b[-3], k: width, MatrixStrides(row: row, column: 1), MatrixStrides(row: 1, column: row),
            cRow: b[-3], unit: unit)
    }
    private func sizes(_ a: Shape, _ b: Shape) -> (leads: LeadingAxes, heads: Int, width: Int) {
        precondition(a.rank >= 3 && b.rank >= 3 && a.suffix(2) == b.suffix(2), "\(name): \(a) and \(b)")
        return (LeadingAxes(name, a.prefix(a.rank - 3), b.prefix(b.rank - 3)), a[-2], a[-1])
    }
}

/// For every head h a mixture of tokens: s[..., h, n, m] and v[..., m, h, d] to [..., n, h, d], or, transposed, of
/// s[..., h, m, n].
struct HeadMixture: ProductOperation, FactorOperation {
    let isTransposed: Bool
    let name = "head mixture", hasFilters = false
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (s, v) = (x[0], x[1]), leads = leads(s.shape, v.shape)
        let (m, heads, width) = (v.shape[-3], v.shape[-2], v.shape[-1]), n = s.shape[isTransposed ? -1 : -2]
        let product = product(x.map(\.shape), s.execution.unit)
        return Tensor(leads.all + [n, heads, width], in: s.pool) { out in
            let form = Storage(count: product.preparedCount, in: s.pool)
            let scratch = Storage(count: product.scratchCount, in: s.pool)
            withExtendedLifetime((form, scratch)) {
                for i in 0..<leads.all.count {
                    let s = s.pointer + i % leads.first * heads * n * m
                    let v = v.pointer + i % leads.second * m * heads * width
                    for head in 0..<heads {
                        product.multiply(
                            s + head * n * m, product.prepared(v + head * width, in: form.pointer),
                            out + (i * n * heads + head) * width, scratch: scratch.pointer)
                    }
                }
            }
        }
    }
    func multiplications(_ inputs: [Shape]) -> Int {
        leads(inputs[0], inputs[1]).all.count * inputs[0].suffix(3).count * inputs[1][-1]
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        let ct = p.cotangent
        return [
            p.wanted[0] ? apply(HeadScores(), isTransposed ? [p.input(1), ct] : [ct, p.input(1)]) : nil,
            p.wanted[1] ? apply(HeadMixture(isTransposed: !isTransposed), [p.input(0), ct]) : nil,
        ]
    }
    func roundsFactors(_ inputs: [Shape], in execution: Execution) -> Bool {
        product(inputs, execution.unit).roundsFactors
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.followsAsMatrices(of: 3) ? self : nil }

    /// Of one head.
    private func product(_ inputs: [Shape], _ unit: BFloat16Unit) -> HeadProduct {
        let (s, v) = (inputs[0], inputs[1]), row = v[-2] * v[-1]
        return HeadProduct(
            m: s[isTransposed ? -1 : -2], n: v[-1], k: v[-3],
            isTransposed ? MatrixStrides(row: 1, column: s[-1]) : MatrixStrides(row: s[-1], column: 1),
            MatrixStrides(row: row, column: 1), cRow: row, unit: unit)
    }
    private func leads(_ s: Shape, _ v: Shape) -> LeadingAxes {
        precondition(
            s.rank >= 3 && v.rank >= 3 && s[-3] == v[-2] && s[isTransposed ? -2 : -1] == v[-3],
            "\(name): \(s) and \(v)")
        return LeadingAxes(name, s.prefix(s.rank - 3), v.prefix(v.rank - 3))
    }
}

extension Tensor {
    /// The scores [..., heads, n, m] of tokens [..., n, heads, d], self, for others, [..., m, heads, d].
    public func headScores(_ others: Tensor) -> Tensor { apply(HeadScores(), [self, others]) }
    /// Tokens [..., m, heads, d] mixed by weights [..., heads, n, m], self: [..., n, heads, d].
    public func headMixture(_ tokens: Tensor) -> Tensor { apply(HeadMixture(isTransposed: false), [self, tokens]) }
}
