import Autodiff
import Failures
import Glibc
import ONNX

typealias ConstantOperator = @Sendable (NodeTranslation, [GraphConstant?]) throws -> GraphConstant

/// What operators make of constants alone, which is done once, at translation: shapes mostly, and forms of weights.
let constantOperators: [String: ConstantOperator] = [
    "Constant": { node, _ in try node.madeConstant() },
    "ConstantOfShape": { node, x in try node.filled(x) },
    "Identity": { node, x in try node.first(x) },
    "Dropout": { node, x in try node.first(x) },
    "Cast": { node, x in try node.cast(node.first(x)) },
    "CastLike": { node, x in try node.cast(node.first(x)) },
    "Transpose": { node, x in try node.transposed(node.first(x)) },
    "Reshape": { node, x in try node.reshaped(node.first(x)) },
    "Flatten": { node, x in try node.flattened(node.first(x)) },
    "Squeeze": { node, x in try node.squeezed(node.first(x)) },
    "Unsqueeze": { node, x in try node.unsqueezed(node.first(x)) },
    "Expand": { node, x in try node.expanded(node.first(x)) },
    "Concat": { node, x in try node.concatenated(x.compactMap(\.self)) },
    "Gather": { node, x in try node.gathered(node.first(x)) },
    "Slice": { node, x in try node.sliced(node.first(x)) },
    "Range": { node, x in try node.range() },
    "ScatterND": { node, x in try node.scattered(node.first(x)) },
    "Where": { node, x in try node.chosen(x) },
    "Add": { try $0.folded($1, { $0 + $1 }, { $0 &+ $1 }) },
    "Sub": { try $0.folded($1, { $0 - $1 }, { $0 &- $1 }) },
    "Mul": { try $0.folded($1, { $0 * $1 }, { $0 &* $1 }) },
    "Div": { try $0.folded($1, { $0 / $1 }, { $1 == 0 || $1 == -1 ? 0 &- $0 : $0 / $1 }) },
    "Mod": { try $0.folded($1, { $0 - $1 * ($0 / $1).rounded(.down) }, { modulo($0, $1) }) },
    "Max": { try $0.folded($1, { max($0, $1) }, { max($0, $1) }) },
    "Min": { try $0.folded($1, { min($0, $1) }, { min($0, $1) }) },
    "Equal": { try $0.folded($1, { $0 == $1 ? 1 : 0 }, { $0 == $1 ? 1 : 0 }, isTruth: true) },
    "Less": { try $0.folded($1, { $0 < $1 ? 1 : 0 }, { $0 < $1 ? 1 : 0 }, isTruth: true) },
    "Greater": { try $0.folded($1, { $0 > $1 ? 1 : 0 }, { $0 > $1 ? 1 : 0 }, isTruth: true) },
    "And": { try $0.folded($1, { $0 * $1 }, { $0 & $1 }) },
    "Or": { try $0.folded($1, { max($0, $1) }, { $0 | $1 }) },
    "Not": { node, x in try node.eachInteger(node.first(x)) { 1 - $0 } },
    "Pow": { try $0.folded($1, { pow($0, $1) }, { Int64(exactly: pow(Double($0), Double($1)).rounded()) ?? 0 }) },
    "Neg": { node, x in try node.each(node.first(x), { -$0 }, { 0 &- $0 }) },
    "Abs": { node, x in try node.each(node.first(x), { $0.magnitude }, { $0 < 0 ? 0 &- $0 : $0 }) },
    "Sign": { node, x in try node.each(node.first(x), { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }, { $0.signum() }) },
    "Exp": { node, x in try node.each(node.first(x), { exp($0) }, nil) },
    "Log": { node, x in try node.each(node.first(x), { log($0) }, nil) },
    "Sqrt": { node, x in try node.each(node.first(x), { $0.squareRoot() }, nil) },
    "Reciprocal": { node, x in try node.each(node.first(x), { 1 / $0 }, nil) },
    "Floor": { node, x in try node.each(node.first(x), { $0.rounded(.down) }, { $0 }) },
    "Ceil": { node, x in try node.each(node.first(x), { $0.rounded(.up) }, { $0 }) },
    "Shape": { node, x in try node.shape(of: node.first(x).shape) },
]

/// Those that give the numbers of their first input, in another form.
let operatorsOfForm: Set<String> = [
    "Identity", "Dropout", "Cast", "CastLike", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand",
]

/// With the divisor's sign, as Python's.
private func modulo(_ a: Int64, _ b: Int64) -> Int64 {
    guard b != 0, b != -1 else { return 0 }
    let rest = a % b
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
}

extension NodeTranslation {
    func first(_ x: [GraphConstant?]) throws -> GraphConstant {
        guard let first = x.first ?? nil else { throw refusal("input 0 is missing") }
        return first
    }

    /// So many numbers are made of less; no network needs more.
    func requireModest(_ shape: [Int]) throws {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: max(0, extent))
            guard extent >= 0, !overflow, product <= 1 << 24 else {
                throw refusal("it would make a constant of shape \(shape)")
            }
            count = product
        }
        guard builder.admits(count) else { throw refusal("constants take too much memory") }
    }

    /// Without the images: broadcasting repeats it for them where it is used.
    private func ofOneImage(_ shape: [Int]) -> [Int] {
        shape.map { $0 == GraphBuilder.anyNumberOfImages && $0 == builder.images ? 1 : $0 }
    }

    fileprivate func madeConstant() throws -> GraphConstant {
        guard let (key, attribute) = node.attributes.first, node.attributes.count == 1 else {
            throw refusal("it has \(node.attributes.count) settings, expected the value")
        }
        switch attribute {
        case .tensor(let tensor): return try builder.constant(tensor, isTrained: false)
        case .float(let value): return GraphConstant([], floats: [value])
        case .floats(let values): return GraphConstant([values.count], floats: values)
        case .integer(let value): return GraphConstant([], integers: [value])
        case .integers(let values): return GraphConstant([values.count], integers: values)
        case .text: throw refusal("\(key) is a text")
        }
    }

    fileprivate func filled(_ x: [GraphConstant?]) throws -> GraphConstant {
        let shape = try ofOneImage(integers(of: first(x)))
        try requireModest(shape)
        let count = shape.reduce(1, *)
        guard case .tensor(let tensor)? = node.attributes["value"] else {
            return GraphConstant(shape, floats: Array(repeating: 0, count: count))
        }
        let value = try builder.constant(tensor, isTrained: false)
        guard value.count == 1 else { throw refusal("its value has \(value.count) numbers") }
        return value.selected(Array(repeating: 0, count: count), shape: shape)
    }

    fileprivate func cast(_ x: GraphConstant) throws -> GraphConstant {
        let isFloat = try integer("to").map { [1, 10, 11, 16].contains($0) } ?? (constant(1).isFloat)
        switch (x.numbers, isFloat) {
        case (.floats(let numbers), false):
            let integers = try numbers.map { number -> Int64 in
                guard let integer = Int64(exactly: number.rounded(.towardZero)) else {
                    throw refusal("\(number) is no integer")
                }
                return integer
            }
            return GraphConstant(
                x.shape, integers: try integer("to") == 9 ? integers.map { $0 == 0 ? 0 : 1 } : integers)
        case (.integers(let numbers), true): return GraphConstant(x.shape, floats: numbers.map { Float($0) })
        case (.integers(let numbers), false):
            return GraphConstant(x.shape, integers: try integer("to") == 9 ? numbers.map { $0 == 0 ? 0 : 1 } : numbers)
        default: return x
        }
    }

    fileprivate func transposed(_ x: GraphConstant) throws -> GraphConstant {
        x.permuted(try permutation(of: x.rank))
    }

    fileprivate func reshaped(_ x: GraphConstant) throws -> GraphConstant {
        x.reshaped(try targetShape(of: x.shape, integers(1)))
    }

    fileprivate func flattened(_ x: GraphConstant) throws -> GraphConstant {
        let axis = try integer("axis") ?? 1, split = axis < 0 ? axis + x.rank : axis
        guard (0...x.rank).contains(split) else { throw refusal("axis \(axis) of \(x.rank)") }
        return x.reshaped([x.shape[..<split].reduce(1, *), x.shape[split...].reduce(1, *)])
    }

    fileprivate func squeezed(_ x: GraphConstant) throws -> GraphConstant {
        let axes =
            try axesList().map { try $0.map { try axis($0, of: x.rank) } }
            ?? x.shape.indices.filter { x.shape[$0] == 1 }
        guard axes.allSatisfy({ x.shape[$0] == 1 }) else { throw refusal("axes \(axes) of \(x.shape)") }
        return x.reshaped(x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] })
    }

    fileprivate func unsqueezed(_ x: GraphConstant) throws -> GraphConstant {
        let axes = try unsqueezedAxes(rank: x.rank)
        var rest = x.shape[...]
        return x.reshaped((0..<(x.rank + axes.count)).map { axes.contains($0) ? 1 : rest.removeFirst() })
    }

    fileprivate func expanded(_ x: GraphConstant) throws -> GraphConstant {
        let target = try integers(1)
        guard let shape = Shape.broadcast(Shape(x.shape), Shape(target)) else {
            throw refusal("\(x.shape) does not fit \(target)")
        }
        let extents = ofOneImage(shape.extents)
        try requireModest(extents)
        return x.broadcast(to: extents)
    }

    fileprivate func concatenated(_ parts: [GraphConstant]) throws -> GraphConstant {
        guard let first = parts.first, let chosen = try integer("axis") else { throw refusal("it has no axis") }
        let axis = try axis(chosen, of: first.rank)
        guard parts.allSatisfy({ $0.rank == first.rank }) else { throw refusal("its inputs have different ranks") }
        var shape = first.shape
        shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        let outer = shape[..<axis].reduce(1, *), runs = parts.map { $0.shape[axis...].reduce(1, *) }
        guard zip(parts, runs).allSatisfy({ $0.count == outer * $1 }), shape.reduce(1, *) == outer * runs.reduce(0, +)
        else { throw refusal("its inputs have shapes \(parts.map(\.shape))") }
        if parts.allSatisfy({ if case .integers = $0.numbers { true } else { false } }) {
            let numbers = try parts.map { try integers(of: $0) }
            return GraphConstant(
                shape,
                integers: (0..<outer).flatMap { row in
                    zip(numbers, runs).flatMap { $0[(row * $1)..<((row + 1) * $1)].map { Int64($0) } }
                })
        }
        if parts.contains(where: \.isAbsent) { try requireModest(shape) }
        let numbers = parts.map(\.floats)
        var result = GraphConstant(
            shape,
            floats: (0..<outer).flatMap { row in
                zip(numbers, runs).flatMap { Array($0[(row * $1)..<((row + 1) * $1)]) }
            })
        if parts.contains(where: \.isAbsent) { result.numbers = .absent }
        return result
    }

    fileprivate func gathered(_ x: GraphConstant) throws -> GraphConstant {
        let axis = try axis(integer("axis") ?? 0, of: x.rank), chosen = try constant(1)
        let extent = x.shape[axis], strides = GraphConstant.strides(x.shape)
        let indices = try integers(of: chosen).map { $0 < 0 ? $0 + extent : $0 }
        guard indices.allSatisfy({ (0..<extent).contains($0) }) else {
            throw refusal("indices \(indices.prefix(8)) of \(extent)")
        }
        let outer = GraphConstant.places(Array(x.shape[..<axis]), strides: Array(strides[..<axis]))
        let inner = x.shape[(axis + 1)...].reduce(1, *)
        let shape = Array(x.shape[..<axis]) + chosen.shape + Array(x.shape[(axis + 1)...])
        try requireModest(shape)
        return x.selected(
            outer.flatMap { start in indices.flatMap { index in (0..<inner).map { start + index * inner + $0 } } },
            shape: shape)
    }

    fileprivate func sliced(_ x: GraphConstant) throws -> GraphConstant {
        if x.isAbsent { try requireModest(x.shape) }
        var result = x
        for (axis, places) in try slices(of: x.shape, extent: { x.shape[$0] }) {
            let strides = GraphConstant.strides(result.shape), shape = result.shape
            let outer = GraphConstant.places(Array(shape[..<axis]), strides: Array(strides[..<axis]))
            let inner = shape[(axis + 1)...].reduce(1, *)
            var target = shape
            target[axis] = places.count
            result = result.selected(
                outer.flatMap { start in places.flatMap { place in (0..<inner).map { start + place * inner + $0 } } },
                shape: target)
        }
        return result
    }

    /// With other numbers at some places: a mask that is written part by part.
    fileprivate func scattered(_ x: GraphConstant) throws -> GraphConstant {
        let indices = try constant(1), updates = try constant(2), depth = indices.shape.last ?? 0
        guard depth <= x.rank, depth > 0, try text("reduction") ?? "none" == "none" else {
            throw refusal("indices \(indices.shape) of \(x.shape)")
        }
        let strides = GraphConstant.strides(x.shape), inner = x.shape[depth...].reduce(1, *)
        let numbers = try integers(of: indices), extents = Array(x.shape[..<depth])
        let starts = try stride(from: 0, to: numbers.count, by: depth).map { start in
            try (0..<depth).reduce(0) { place, axis in
                let index = numbers[start + axis], entry = index < 0 ? index + extents[axis] : index
                guard (0..<extents[axis]).contains(entry) else { throw refusal("index \(index) of \(extents[axis])") }
                return place + entry * strides[axis]
            }
        }
        guard updates.count == starts.count * inner else { throw refusal("\(updates.count) updates") }
        var sources = Array(0..<x.count)
        for (index, start) in starts.enumerated() {
            for place in 0..<inner { sources[start + place] = x.count + index * inner + place }
        }
        if case (.integers(let old), .integers(let new)) = (x.numbers, updates.numbers) {
            let all = old + new
            return GraphConstant(x.shape, integers: sources.map { all[$0] })
        }
        let all = x.floats + updates.floats
        return GraphConstant(x.shape, floats: sources.map { all[$0] })
    }

    fileprivate func range() throws -> GraphConstant {
        let bounds = try (0..<3).map { try integers($0) }
        guard bounds.allSatisfy({ $0.count == 1 }), bounds[2][0] != 0 else { throw refusal("it has no step") }
        let (start, end, step) = (bounds[0][0], bounds[1][0], bounds[2][0])
        let (distance, overflow) = end.subtractingReportingOverflow(start)
        guard !overflow else { throw refusal("it is too long") }
        try requireModest([max(0, distance / step + 1)])
        let numbers = stride(from: start, to: end, by: step).map { Int64($0) }
        return GraphConstant([numbers.count], integers: numbers)
    }

    fileprivate func chosen(_ x: [GraphConstant?]) throws -> GraphConstant {
        guard x.count == 3, let condition = x[0], let yes = x[1], let no = x[2] else {
            throw refusal("an input is missing")
        }
        guard let pair = Shape.broadcast(Shape(yes.shape), Shape(no.shape)),
            let whole = Shape.broadcast(pair, Shape(condition.shape))
        else { throw refusal("shapes \(condition.shape), \(yes.shape) and \(no.shape) do not fit") }
        let shape = whole.extents
        try requireModest(shape)
        let flags = try integers(of: condition.broadcast(to: shape))
        let (a, b) = (yes.broadcast(to: shape), no.broadcast(to: shape))
        if case (.integers(let a), .integers(let b)) = (a.numbers, b.numbers) {
            return GraphConstant(shape, integers: flags.indices.map { flags[$0] != 0 ? a[$0] : b[$0] })
        }
        let (floatsA, floatsB) = (a.floats, b.floats)
        return GraphConstant(shape, floats: flags.indices.map { flags[$0] != 0 ? floatsA[$0] : floatsB[$0] })
    }

    fileprivate func folded(
        _ x: [GraphConstant?], _ floats: (Float, Float) -> Float, _ integers: (Int64, Int64) -> Int64,
        isTruth: Bool = false
    ) throws -> GraphConstant {
        guard x.count == 2, let a = x[0], let b = x[1] else { throw refusal("\(x.count) inputs, expected two") }
        guard let shape = Shape.broadcast(Shape(a.shape), Shape(b.shape))?.extents else {
            throw refusal("shapes \(a.shape) and \(b.shape) do not fit")
        }
        if shape != a.shape && shape != b.shape || a.isAbsent || b.isAbsent { try requireModest(shape) }
        let (left, right) = (a.broadcast(to: shape), b.broadcast(to: shape))
        if case (.integers(let left), .integers(let right)) = (left.numbers, right.numbers) {
            return GraphConstant(shape, integers: zip(left, right).map(integers))
        }
        let numbers = zip(left.floats, right.floats).map(floats)
        if isTruth { return GraphConstant(shape, integers: numbers.map { Int64($0) }) }
        var result = GraphConstant(shape, floats: numbers)
        if a.isAbsent || b.isAbsent { result.numbers = .absent }
        return result
    }

    fileprivate func each(
        _ x: GraphConstant, _ floats: (Float) -> Float, _ integers: ((Int64) -> Int64)?
    ) throws -> GraphConstant {
        switch x.numbers {
        case .floats(let numbers): return GraphConstant(x.shape, floats: numbers.map(floats))
        case .integers(let numbers):
            guard let integers else { throw refusal("it is of integers") }
            return GraphConstant(x.shape, integers: numbers.map(integers))
        case .absent: return x
        }
    }

    fileprivate func eachInteger(_ x: GraphConstant, _ body: (Int64) -> Int64) throws -> GraphConstant {
        GraphConstant(x.shape, integers: try integers(of: x).map { body(Int64($0)) })
    }
}
