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
        let product = SmallProduct(m: n, n: m, k: width, aRow: heads * width, aColumn: 1, bRow: m, cRow: m)
        let all = sizes.leads.all.count, distinct = sizes.leads.second
        return Tensor(sizes.leads.all + [heads, n, m], in: a.pool) { out in
            let turned = Storage(count: width * m, in: a.pool)
            withExtendedLifetime(turned) {
                for second in 0..<min(all, distinct) {
                    for head in 0..<heads {
                        let b = b.pointer + (second * m * heads + head) * width
                        transposed(rows: m, columns: width, b, xRow: heads * width, turned.pointer, stride: m)
                        // Of all that are multiplied with these tokens.
                        for i in stride(from: second, to: all, by: distinct) {
                            let a = a.pointer + (i % sizes.leads.first * n * heads + head) * width
                            product.multiply(a, turned.pointer, out + (i * heads + head) * n * m)
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
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.followsAsMatrices(of: 3) ? self : nil }

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
        let product = SmallProduct(
            m: n, n: width, k: m, aRow: isTransposed ? 1 : m, aColumn: isTransposed ? n : 1, bRow: heads * width,
            cRow: heads * width)
        return Tensor(leads.all + [n, heads, width], in: s.pool) { out in
            for i in 0..<leads.all.count {
                let s = s.pointer + i % leads.first * heads * n * m
                let v = v.pointer + i % leads.second * m * heads * width
                for head in 0..<heads {
                    product.multiply(s + head * n * m, v + head * width, out + (i * n * heads + head) * width)
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
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.followsAsMatrices(of: 3) ? self : nil }

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
