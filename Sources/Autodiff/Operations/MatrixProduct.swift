import Kernels

/// a[..., M, K] b[..., K, N] for every leading index, either factor read as its transpose. Leading axes broadcast. The
/// family is closed: each derivative is a product of the cotangent with the other factor.
struct MatrixProduct: Operation {
    let transposeA: Bool
    let transposeB: Bool
    let name = "matrix product"
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (a, b) = (x[0], x[1])
        precondition(a.shape.rank >= 2 && b.shape.rank >= 2, "\(name): \(a.shape) and \(b.shape)")
        let (m, k) = transposeA ? (a.shape[-1], a.shape[-2]) : (a.shape[-2], a.shape[-1])
        let (k2, n) = transposeB ? (b.shape[-1], b.shape[-2]) : (b.shape[-2], b.shape[-1])
        let leadA = a.shape.prefix(a.shape.rank - 2), leadB = b.shape.prefix(b.shape.rank - 2)
        guard k == k2, let lead = Shape.broadcast(leadA, leadB) else {
            preconditionFailure("\(name): shapes \(a.shape) and \(b.shape) do not fit")
        }
        // One factor may lack leading axes, but not repeat inner ones: its matrices then come round in order.
        precondition(
            lead.suffix(leadA.rank) == leadA && lead.suffix(leadB.rank) == leadB,
            "\(name): leading axes \(leadA) and \(leadB)")
        return Tensor(lead + [m, n], in: a.pool) { out in
            for i in 0..<lead.count {
                BLAS.gemm(
                    transposeA: transposeA, transposeB: transposeB, m, n, k,
                    a.pointer + i % leadA.count * m * k, a.shape[-1],
                    b.pointer + i % leadB.count * k * n, b.shape[-1], out + i * m * n, n)
            }
        }
    }

    func pullback(_ p: Pullback) -> [Tensor?] {
        let ct = p.cotangent
        var result: [Tensor?] = [nil, nil]
        if p.wanted[0] {
            let b = p.input(1)
            result[0] = transposeA
                ? product(b, ct, transposeB, true) : product(ct, b, false, !transposeB)
        }
        if p.wanted[1] {
            let a = p.input(0)
            result[1] = transposeB
                ? product(ct, a, true, transposeA) : product(a, ct, !transposeA, false)
        }
        return result
    }

    /// The rows lie along the first leading axis, which a factor that is the same for all of them lacks.
    func onRows(_ cut: RowCut) -> (any Operation)? {
        let rank = cut.output.rank
        let isCut = [0, 1].allSatisfy { cut.follows($0) == (cut.inputs[$0].rank == rank) }
        return rank > 2 && isCut ? self : nil
    }

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
