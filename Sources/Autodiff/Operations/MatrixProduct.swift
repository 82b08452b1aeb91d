import Kernels

/// a[..., M, K] b[..., K, N] for every leading index, either factor read as its transpose. Leading axes broadcast. The
/// family is closed: each derivative is a product of the cotangent with the other factor.
struct MatrixProduct: ProductOperation, FactorOperation {
    let transposeA: Bool
    let transposeB: Bool
    let name = "matrix product", hasFilters = false
    let keeps: Kept = .factors

    /// Extents of a product: so many matrices, along the leading axes, of M K and K N.
    private struct Extents {
        let leads: LeadingAxes
        let m, n, k: Int
    }

    private func extents(_ a: Shape, _ b: Shape) -> Extents {
        precondition(a.rank >= 2 && b.rank >= 2, "\(name): \(a) and \(b)")
        let (m, k) = transposeA ? (a[-1], a[-2]) : (a[-2], a[-1])
        let (k2, n) = transposeB ? (b[-1], b[-2]) : (b[-2], b[-1])
        precondition(k == k2, "\(name): shapes \(a) and \(b) do not fit")
        return Extents(leads: LeadingAxes(name, a.prefix(a.rank - 2), b.prefix(b.rank - 2)), m: m, n: n, k: k)
    }

    func forward(_ x: [Tensor]) -> Tensor {
        let (a, b) = (x[0], x[1]), e = extents(a.shape, b.shape)
        return Tensor(e.leads.all + [e.m, e.n], in: a.pool) { out in
            for i in 0..<e.leads.all.count {
                BLAS.gemm(
                    transposeA: transposeA, transposeB: transposeB, m: e.m, n: e.n, k: e.k,
                    a.pointer + i % e.leads.first * e.m * e.k, stride: a.shape[-1],
                    b.pointer + i % e.leads.second * e.k * e.n, stride: b.shape[-1], out + i * e.m * e.n, stride: e.n)
            }
        }
    }

    func multiplications(_ inputs: [Shape]) -> Int {
        let e = extents(inputs[0], inputs[1])
        return e.leads.all.count * e.m * e.n * e.k
    }

    func pullback(_ p: Pullback) -> [Tensor?] {
        let ct = p.cotangent
        var result: [Tensor?] = [nil, nil]
        if p.wanted[0] {
            let b = p.input(1)
            result[0] =
                transposeA
                ? product(b, ct, transposeB, true) : product(ct, b, false, !transposeB)
        }
        if p.wanted[1] {
            let a = p.input(0)
            result[1] =
                transposeB
                ? product(ct, a, true, transposeA) : product(a, ct, !transposeA, false)
        }
        return result
    }

    func onRows(_ cut: RowCut) -> (any Operation)? { cut.followsAsMatrices(of: 2) ? self : nil }

    private func product(_ a: Tensor, _ b: Tensor, _ transposeA: Bool, _ transposeB: Bool) -> Tensor {
        apply(MatrixProduct(transposeA: transposeA, transposeB: transposeB), [a, b])
    }
}

extension Tensor {
    /// The matrix product over the last two axes, for every leading index.
    public func product(_ other: Tensor, transposed: Bool = false) -> Tensor {
        apply(MatrixProduct(transposeA: false, transposeB: transposed), [self, other])
    }
}
