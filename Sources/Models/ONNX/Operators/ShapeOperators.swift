import Autodiff
import Failures

/// Operators that move numbers and compute nothing.
extension NodeTranslation {
    /// Extents in the graph, images included.
    func graphShape(_ x: GraphActivation) -> [Int] {
        var shape = x.shape
        shape[x.batch] *= builder.images * x.outer
        return shape
    }

    func identity() throws -> [GraphValue] { [.activation(try activation(isMerged: true))] }

    func castActivation() throws -> [GraphValue] {
        guard let type = try integer("to"), [1, 10, 11, 16].contains(type) else {
            throw refusal("it makes integers of what depends on images")
        }
        return try identity()
    }

    func shapeOf() throws -> [GraphValue] { [.constant(try shape(of: graphShape(activation(isMerged: true))))] }

    func reshape() throws -> [GraphValue] {
        let x = try activation(isMerged: true)
        guard has(1) else { throw refusal("it has no shape") }
        let target = try targetShape(of: graphShape(x), integers(1))
        return [.activation(try reshaped(x, toGraphShape: target))]
    }

    /// Images stand in the first axis that has room for them and as many entries before it as before; or else in one
    /// that is merged with what was before them. Where the file fixes their number at one, every axis has room: rows
    /// of a matrix, such as a linear layer reads, are merged with them first.
    private func reshaped(_ x: GraphActivation, toGraphShape target: [Int]) throws -> GraphActivation {
        let areRows = builder.images == 1 && target.count == 2 && target[1] == x.shape[x.batch...].reduce(1, *)
        for isMerged in areRows ? [true, false] : [false, true] {
            var passed = 1
            for (axis, extent) in target.enumerated() where passed > 0 {
                let outer = x.before / passed
                if isMerged == (outer > 1), passed * outer == x.before, extent > 0,
                    extent % (builder.images * outer) == 0
                {
                    var shape = target
                    shape[axis] = extent / builder.images / outer
                    return try reshaped(x, to: shape, batch: axis, outer: outer)
                }
                passed *= extent
            }
        }
        throw refusal("it mixes images: \(x.shape) to \(target)")
    }

    func flatten() throws -> [GraphValue] {
        let x = try activation(), axis = try integer("axis") ?? 1, split = axis < 0 ? axis + x.rank : axis
        guard (0...x.rank).contains(split) else { throw refusal("axis \(axis) of \(x.rank)") }
        let shape = [x.shape[..<split].reduce(1, *), x.shape[split...].reduce(1, *)]
        return [.activation(try reshaped(x, to: shape, batch: x.batch < split ? 0 : 1))]
    }

    func transpose() throws -> [GraphValue] {
        let x = try activation(isMerged: true), permutation = try permutation(of: x.rank)
        var place = Array(repeating: 0, count: x.rank)
        for (new, old) in permutation.enumerated() { place[old] = new }
        return [
            .activation(
                GraphActivation(
                    slot: x.slot, shape: permutation.map { x.shape[$0] }, batch: place[x.batch],
                    order: x.order.map { $0 == GraphActivation.outerAxis ? $0 : place[$0] }, outer: x.outer))
        ]
    }

    func squeeze() throws -> [GraphValue] {
        let x = try activation(), shape = graphShape(x)
        let axes =
            try axesList().map { try $0.map { try axis($0, of: x.rank) } }
            ?? shape.indices.filter { shape[$0] == 1 && $0 != x.batch }
        guard axes.allSatisfy({ x.shape[$0] == 1 && $0 != x.batch }) else { throw refusal("axes \(axes) of \(shape)") }
        return [.activation(without(x, Set(axes)))]
    }

    /// Without axes of one entry that are not the images'.
    func without(_ x: GraphActivation, _ axes: Set<Int>) -> GraphActivation {
        guard !axes.isEmpty else { return x }
        let kept = x.shape.indices.filter { !axes.contains($0) }
        let place = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        let order = x.order.compactMap { place[$0] }, shape = kept.map { x.shape[$0] }
        let extents = order.map { shape[$0] }
        return builder.emit([.slot(x.slot)], shape, batch: place[x.batch] ?? 0, order: order) { x in
            x[0].reshaped(Shape([x[0].shape[0]] + extents))
        }
    }

    func unsqueeze() throws -> [GraphValue] {
        let x = try activation(), axes = try unsqueezedAxes(rank: x.rank)
        let kept = (0..<(x.rank + axes.count)).filter { !axes.contains($0) }
        var shape = Array(repeating: 1, count: x.rank + axes.count)
        for (old, new) in kept.enumerated() { shape[new] = x.shape[old] }
        let order = axes.sorted() + x.order.map { kept[$0] }, extents = order.map { shape[$0] }
        return [
            .activation(
                builder.emit([.slot(x.slot)], shape, batch: kept[x.batch], order: order) { x in
                    x[0].reshaped(Shape([x[0].shape[0]] + extents))
                })
        ]
    }

    func expand() throws -> [GraphValue] {
        let target = try integers(1)
        let x = padded(try activation(), to: target.count), shape = graphShape(x)
        let wanted = Array(repeating: 1, count: x.rank - target.count) + target
        guard let whole = Shape.broadcast(Shape(shape), Shape(wanted))?.extents, whole[x.batch] == shape[x.batch] else {
            throw refusal("\(shape) does not fit \(target)")
        }
        var extents = whole
        extents[x.batch] = x.shape[x.batch]
        try requireModest(extents)
        let memory = x.order.map { extents[$0] }
        return [
            .activation(
                builder.emit([.slot(x.slot)], extents, batch: x.batch, order: x.order) { x in
                    x[0].broadcast(to: Shape([x[0].shape[0]] + memory))
                })
        ]
    }

    func concatenation() throws -> [GraphValue] {
        guard
            let model = inputs.lazy.compactMap({ value -> GraphActivation? in
                if case .activation(let activation)? = value { activation } else { nil }
            }).first, let chosen = try integer("axis")
        else { throw refusal("it has no axis") }
        let axis = try axis(chosen, of: model.rank)
        guard axis != model.batch else { throw refusal("it mixes images") }
        var parts: [GraphActivation] = []
        for case let value? in inputs {
            switch value {
            case .activation(let part):
                guard part.rank == model.rank, part.batch == model.batch else { throw refusal("it mixes images") }
                parts.append(builder.arranged(part, model.order))
            case .constant(let constant):
                var shape = model.shape
                guard constant.rank == model.rank else { throw refusal("its inputs have different ranks") }
                shape[axis] = constant.shape[axis]
                let own = try ofAnImage(constant, beside: shape, batch: model.batch)
                guard shape.indices.allSatisfy({ $0 == model.batch || own.shape[$0] == shape[$0] }) else {
                    throw refusal("\(constant.shape) does not fit \(shape)")
                }
                parts.append(builder.arranged(try repeated(own, to: shape, batch: model.batch), model.order))
            }
        }
        var shape = model.shape
        shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        guard let place = model.place(axis),
            parts.allSatisfy({ part in
                shape.indices.allSatisfy { $0 == axis || part.shape[$0] == shape[$0] }
            })
        else { throw refusal("its inputs have shapes \(parts.map(\.shape))") }
        return [
            .activation(
                builder.emit(parts.map { .slot($0.slot) }, shape, batch: model.batch, order: model.order) { x in
                    Tensor.concatenation(x, axis: place)
                })
        ]
    }
}
