import Autodiff
import Failures
import Kernels

/// Matrix products, and softmax over rows.
extension NodeTranslation {
    func generalProduct() throws -> [GraphValue] {
        let x = try activation(isMerged: true), weight = try constant(1)
        let alpha = Scalar(try float("alpha") ?? 1), beta = Scalar(try float("beta") ?? 1)
        guard try integer("transA") ?? 0 == 0, x.rank == 2, x.batch == 0, weight.rank == 2 else {
            throw refusal("operands \(x.shape) and \(weight.shape), expected rows that are images and a matrix")
        }
        let isTransposed = try integer("transB") ?? 0 == 1
        var y = try rows(x, weight, isTransposed: isTransposed)
        if alpha != 1 { y = mapped(y) { $0 * alpha } }
        if has(2) { y = try combined(.activation(y), value(2)) { $0 + (beta == 1 ? $1 : $1 * beta) } }
        return [.activation(y)]
    }

    /// x[..., K] W[K, N], or W[N, K] transposed.
    private func rows(_ x: GraphActivation, _ weight: GraphConstant, isTransposed: Bool) throws -> GraphActivation {
        let axis = x.rank - 1,
            (outputs, inputs) =
                isTransposed
                ? (weight.shape[0], weight.shape[1]) : (weight.shape[1], weight.shape[0])
        guard axis != x.batch else { throw refusal("it mixes images") }
        guard x.shape[axis] == inputs else { throw refusal("shapes \(x.shape) and \(weight.shape) do not fit") }
        let last = builder.arranged(x, x.order(last: [axis]))
        let operand = try builder.operand(weight, isTransposed ? .asInMemory : .transposed)
        var shape = x.shape
        shape[axis] = outputs
        return builder.emit(
            [.slot(last.slot), operand], shape, batch: x.batch, order: last.order, outer: x.outer
        ) { x in
            // All entries of an image are rows of one product, however many axes they have.
            let shape = x[0].shape, leading = shape.prefix(shape.rank - 1)
            let rows = shape.rank > 3 ? x[0].reshaped([shape[0], leading.dropFirst().count, inputs]) : x[0]
            return rows.linear(x[1].reshaped([outputs, inputs])).reshaped(leading + [outputs])
        }
    }

    func matrixProduct() throws -> [GraphValue] {
        switch (try value(0), try value(1)) {
        case (.activation(let x), .constant(let weight)) where weight.rank == 2 && x.rank >= 2:
            return [.activation(try rows(x, weight, isTransposed: false))]
        case (.constant(let weight), .activation(let x)) where weight.rank == 2 && x.rank >= 2:
            // (xᵀ Wᵀ)ᵀ
            let turned = try turned(x)
            return [.activation(try self.turned(rows(turned, weight, isTransposed: true)))]
        case (.activation(let a), .activation(let b)): return [.activation(try product(a, b))]
        case (.activation(let a), .constant(let b)) where b.rank == a.rank:
            let own = try ofAnImage(b, beside: a.shape, batch: a.batch)
            var shape = own.shape
            shape[a.batch] = a.shape[a.batch]
            return [.activation(try product(a, repeated(own, to: shape, batch: a.batch)))]
        default: throw refusal("its operands are not supported")
        }
    }

    /// With the last two axes exchanged.
    private func turned(_ x: GraphActivation) throws -> GraphActivation {
        let (p, q) = (x.rank - 2, x.rank - 1)
        func other(_ axis: Int) -> Int { axis == p ? q : axis == q ? p : axis }
        return GraphActivation(
            slot: x.slot, shape: x.shape.indices.map { x.shape[other($0)] }, batch: other(x.batch),
            order: x.order.map(other), outer: x.outer)
    }

    /// a[..., M, K] b[..., K, N] for all entries of the axes before.
    private func product(_ a: GraphActivation, _ b: GraphActivation) throws -> GraphActivation {
        let rank = max(a.rank, b.rank)
        var (x, y) = (padded(a, to: rank), padded(b, to: rank))
        let (p, q) = (rank - 2, rank - 1)
        guard rank > 2, x.batch == y.batch, x.batch < p, x.shape[x.batch] == y.shape[x.batch], x.outer == 1,
            y.outer == 1
        else {
            throw refusal("it mixes images")
        }
        guard x.shape[q] == y.shape[p],
            let lead = Shape.broadcast(Shape(Array(x.shape[..<p])), Shape(Array(y.shape[..<p])))
        else { throw refusal("shapes \(a.shape) and \(b.shape) do not fit") }
        func whole(_ t: GraphActivation) throws -> GraphActivation {
            let natural = builder.arranged(t, t.naturalOrder)
            let shape = lead.extents + t.shape[p...]
            guard shape != t.shape else { return natural }
            try requireModest(shape)
            let extents = natural.order.map { shape[$0] }
            return builder.emit([.slot(natural.slot)], shape, batch: t.batch, order: natural.order) { x in
                x[0].broadcast(to: Shape([x[0].shape[0]] + extents))
            }
        }
        // A factor whose last axes lie the other way round in memory is read as it lies.
        let isTransposed = y.order.suffix(2) == [q, p]
        x = try whole(x)
        y = isTransposed ? try turned(whole(turned(y))) : try whole(y)
        return builder.emit(
            [.slot(x.slot), .slot(y.slot)], lead.extents + [x.shape[p], y.shape[q]], batch: x.batch, order: x.order
        ) { x in x[0].product(x[1], transposed: isTransposed) }
    }

    func softmax() throws -> [GraphValue] { try alongRows { $0.softmax() } }
    func logSoftmax() throws -> [GraphValue] { try alongRows { $0.logSoftmax() } }

    private func alongRows(_ body: @escaping @Sendable (Tensor) -> Tensor) throws -> [GraphValue] {
        let x = try activation(), axis = try axis(integer("axis") ?? (operatorSet < 13 ? 1 : -1), of: x.rank)
        // Before version 13 it was over all axes from this one on.
        guard axis != x.batch, operatorSet >= 13 || x.shape[(axis + 1)...].allSatisfy({ $0 == 1 }) else {
            throw refusal("axis \(axis) of \(x.rank)")
        }
        let last = builder.arranged(x, x.order(last: [axis]))
        return [.activation(mapped(last, body))]
    }
}
