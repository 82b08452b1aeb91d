import Autodiff
import Failures
import Kernels

/// Operators that choose among numbers, or set others beside them.
extension NodeTranslation {
    /// Copies one behind the other, along each axis.
    func tile() throws -> [GraphValue] {
        let x = try activation(), repeats = try integers(1)
        guard repeats.count == x.rank, repeats.allSatisfy({ (1...4096).contains($0) }), repeats[x.batch] == 1 else {
            throw refusal("repeats \(repeats.prefix(16)) of \(x.shape)")
        }
        var result = x
        for (axis, count) in repeats.enumerated() where count > 1 {
            guard let place = result.place(axis) else { throw refusal("it mixes images") }
            var shape = result.shape
            shape[axis] *= count
            try requireModest(shape)
            result = builder.emit([.slot(result.slot)], shape, batch: x.batch, order: result.order) { x in
                Tensor.concatenation(Array(repeating: x[0], count: count), axis: place)
            }
        }
        return [.activation(result)]
    }

    func split() throws -> [GraphValue] {
        let x = try activation(), axis = try axis(integer("axis") ?? 0, of: x.rank), extent = x.shape[axis]
        let count = node.outputs.count
        let equal = (extent + count - 1) / max(1, count)
        let sizes =
            try has(1)
            ? integers(1)
            : integerList("split")
                ?? (0..<count).map { min(equal, extent - min(extent, $0 * equal)) }
        guard sizes.count == count, sizes.allSatisfy({ $0 > 0 && $0 <= extent }), sizes.reduce(0, +) == extent else {
            throw refusal("sizes \(sizes.prefix(8)) of \(extent)")
        }
        var start = 0
        return try sizes.map { size in
            defer { start += size }
            return .activation(try taken(x, Array(start..<(start + size)), axis: axis))
        }
    }

    func slice() throws -> [GraphValue] {
        let x = try activation()
        let slices = try slices(of: x.shape) { graphShape(x)[$0] }
        return [
            .activation(
                try slices.reduce(x) { x, slice in
                    // All images are none chosen.
                    if slice.axis == x.batch {
                        guard slice.places.count == graphShape(x)[x.batch], slice.places.first == 0 else {
                            throw refusal("it chooses images")
                        }
                        return x
                    }
                    return try taken(x, slice.places, axis: slice.axis)
                })
        ]
    }

    func gather() throws -> [GraphValue] {
        let x = try activation(), axis = try axis(integer("axis") ?? 0, of: x.rank), chosen = try constant(1)
        if axis == x.batch { return [.activation(try gatheredByImage(x, chosen))] }
        let indices = try integers(of: chosen).map { $0 < 0 ? $0 + x.shape[axis] : $0 }
        guard chosen.rank <= 1 else { throw refusal("its indices have \(chosen.rank) axes") }
        let entries = try taken(x, indices, axis: axis)
        return [.activation(chosen.rank == 0 ? without(entries, [axis]) : entries)]
    }

    /// Entries of the images' axis, where each image gets entries of its own and all the same ones.
    private func gatheredByImage(_ x: GraphActivation, _ chosen: GraphConstant) throws -> GraphActivation {
        let own = x.shape[x.batch], images = builder.images, indices = try integers(of: chosen)
        guard chosen.shape.first == images, x.batch == 0, indices.count % images == 0 else {
            throw refusal("it chooses images")
        }
        let count = indices.count / images, places = Array(indices[..<count])
        let isOwn = indices.enumerated().allSatisfy { $1 == places[$0 % count] + $0 / count * own }
        guard isOwn, places.allSatisfy({ (0..<own).contains($0) }) else { throw refusal("it chooses images") }
        let natural = builder.arranged(x, x.naturalOrder), rest = Array(x.shape.dropFirst())
        let shape = [1] + chosen.shape.dropFirst() + rest, width = rest.reduce(1, *)
        try requireModest(shape)
        let order = GraphActivation.naturalOrder(shape, batch: 0), memory = order.map { shape[$0] }
        return builder.emit([.slot(natural.slot)], shape, batch: 0, order: order) { x in
            let images = x[0].shape.prefix(1)
            return x[0].reshaped(images + [own, width]).rows(at: places).reshaped(images + Shape(memory))
        }
    }

    /// Entries at constant places of the first axes.
    func gatherPlaces() throws -> [GraphValue] {
        let x = try activation(), indices = try constant(1), depth = indices.shape.last ?? 0
        guard try integer("batch_dims") ?? 0 == 0, depth > 0, depth <= x.batch else {
            throw refusal("indices \(indices.shape) of \(x.shape)")
        }
        let extents = Array(x.shape[..<depth]), numbers = try integers(of: indices)
        let places = try stride(from: 0, to: numbers.count, by: depth).map { start in
            try (0..<depth).reduce(0) { place, axis in
                let index = numbers[start + axis], entry = index < 0 ? index + extents[axis] : index
                guard (0..<extents[axis]).contains(entry) else { throw refusal("index \(index) of \(extents[axis])") }
                return place * extents[axis] + entry
            }
        }
        let chosen = Array(indices.shape.dropLast()), rest = Array(x.shape[depth...])
        let natural = builder.arranged(x, x.naturalOrder)
        let table: Shape = [extents.reduce(1, *), rest.reduce(1, *)]
        let shape = chosen + rest, batch = chosen.count + x.batch - depth
        try requireModest(shape)
        let order = GraphActivation.naturalOrder(shape, batch: batch), memory = order.map { shape[$0] }
        return [
            .activation(
                builder.emit([.slot(natural.slot)], shape, batch: batch, order: order) { x in
                    let images = x[0].shape.prefix(1)
                    return x[0].reshaped(images + table).rows(at: places).reshaped(images + Shape(memory))
                })
        ]
    }

    /// Entries of an axis, in an order.
    private func taken(_ x: GraphActivation, _ places: [Int], axis: Int) throws -> GraphActivation {
        guard axis != x.batch else { throw refusal("it chooses images") }
        guard let first = places.first, places.allSatisfy({ (0..<x.shape[axis]).contains($0) }) else {
            throw refusal("entries \(places.prefix(8)) of \(x.shape[axis])")
        }
        if places == Array(0..<x.shape[axis]) { return x }
        var shape = x.shape
        shape[axis] = places.count
        guard let place = x.place(axis) else { preconditionFailure("taken: axis \(axis) of \(x.order)") }
        if places == Array(first..<(first + places.count)) {
            return builder.emit([.slot(x.slot)], shape, batch: x.batch, order: x.order) { x in
                x[0].sliced(first..<(first + places.count), axis: place)
            }
        }
        let extents = x.order.map { shape[$0] }
        return builder.emit([.slot(x.slot)], shape, batch: x.batch, order: x.order) { x in
            let t = x[0], split = t.shape.rank + place
            let table = t.reshaped(t.shape.prefix(split + 1) + [t.shape.dropFirst(split + 1).count])
            return table.rows(at: places).reshaped(Shape([t.shape[0]] + extents))
        }
    }

    func pad() throws -> [GraphValue] {
        let x = try activation(), mode = try text("mode") ?? "constant"
        guard mode == "constant" else { throw refusal("mode \(mode.debugDescription.prefix(40))") }
        let isOld = operatorSet < 11
        guard let pads = isOld ? try integerList("pads") : try integers(1) else { throw refusal("it has no pads") }
        let value = isOld ? try float("value") ?? 0 : has(2) ? try number(2) : 0
        let axes = try has(3) ? integers(3).map { try axis($0, of: x.rank) } : Array(0..<x.rank)
        guard pads.count == 2 * axes.count, pads.allSatisfy({ (-4096...4096).contains($0) }), value.isFinite else {
            throw refusal("pads \(pads.prefix(16))")
        }
        var result = x
        for (index, axis) in axes.enumerated() {
            let (before, after) = (pads[index], pads[index + axes.count])
            guard before != 0 || after != 0 else { continue }
            result = try paddedAxis(result, axis, before, after, value: Scalar(value))
        }
        return [.activation(result)]
    }

    /// One axis with more entries, or less, at its ends.
    private func paddedAxis(
        _ x: GraphActivation, _ axis: Int, _ before: Int, _ after: Int, value: Scalar
    ) throws -> GraphActivation {
        guard axis != x.batch, let place = x.place(axis) else { throw refusal("it mixes images") }
        let kept = max(0, -before)..<(x.shape[axis] - max(0, -after)), start = max(0, before)
        guard !kept.isEmpty else { throw refusal("it cuts all of \(x.shape[axis]) off") }
        var shape = x.shape
        let extent = start + kept.count + max(0, after)
        shape[axis] = extent
        let whole = 0..<x.shape[axis], behind = Array(repeating: 1, count: -place - 1)
        let frame = (0..<extent).map { (start..<(start + kept.count)).contains($0) ? 0 : value }
        return builder.emit(
            [.slot(x.slot), .constant(Shape([extent] + behind), frame)], shape, batch: x.batch, order: x.order
        ) { x in
            let inner = kept == whole ? x[0] : x[0].sliced(kept, axis: place)
            let placed = inner.embedded(at: start, of: extent, axis: place)
            return value == 0 ? placed : placed + x[1]
        }
    }
}
