import Autodiff
import Failures
import Kernels
import Layers
import ONNX

/// A node of an ONNX graph while it is translated: its inputs and settings, and where what it makes goes.
struct NodeTranslation {
    let node: ONNXNode
    /// Nil for inputs that are left out.
    let inputs: [GraphValue?]
    let builder: GraphBuilder

    init(_ node: ONNXNode, _ inputs: [GraphValue?], in builder: GraphBuilder) {
        self.node = node
        self.inputs = inputs
        self.builder = builder
    }

    var operatorSet: Int { builder.file.operatorSet }

    /// What is wrong with the node.
    func refusal(_ problem: String) -> Failure {
        let output = node.outputs.first ?? ""
        let title = node.name.isEmpty ? output : node.name
        return Failure.badInput(
            builder.file.path,
            "node \(title.debugDescription.prefix(80)), \(node.operation.debugDescription.dropFirst().dropLast().prefix(80)): \(problem)"
        )
    }

    // MARK: Inputs

    func has(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

    func value(_ index: Int) throws -> GraphValue {
        guard index < inputs.count, let value = inputs[index] else { throw refusal("input \(index) is missing") }
        return value
    }

    /// - Parameter isMerged: whether the images' axis may be merged with one before it.
    func activation(_ index: Int = 0, isMerged: Bool = false) throws -> GraphActivation {
        guard case .activation(let activation) = try value(index) else {
            throw refusal("input \(index) is the same for all images, expected one that depends on them")
        }
        guard isMerged || activation.outer == 1 else { throw refusal("it mixes images") }
        return activation
    }

    func constant(_ index: Int) throws -> GraphConstant {
        guard case .constant(let constant) = try value(index) else {
            throw refusal("input \(index) depends on the images, expected a constant")
        }
        return constant
    }

    func integers(_ index: Int) throws -> [Int] { try integers(of: constant(index)) }

    func integers(of constant: GraphConstant) throws -> [Int] {
        guard case .integers(let numbers) = constant.numbers else { throw refusal("expected integers") }
        return numbers.map { Int($0) }
    }

    /// A single floating-point number, or integer.
    func number(_ index: Int) throws -> Double {
        let constant = try constant(index)
        guard constant.count == 1 else { throw refusal("input \(index) has \(constant.count) numbers, expected one") }
        switch constant.numbers {
        case .floats(let numbers): return Double(numbers[0])
        case .integers(let numbers): return Double(numbers[0])
        case .absent: throw refusal("input \(index) has no numbers")
        }
    }

    // MARK: Settings

    func integer(_ name: String) throws -> Int? {
        guard let attribute = node.attributes[name] else { return nil }
        guard case .integer(let value) = attribute else { throw refusal("\(name) is no integer") }
        return Int(value)
    }

    func float(_ name: String) throws -> Double? {
        guard let attribute = node.attributes[name] else { return nil }
        guard case .float(let value) = attribute else { throw refusal("\(name) is no number") }
        return Double(value)
    }

    func text(_ name: String) throws -> String? {
        guard let attribute = node.attributes[name] else { return nil }
        guard case .text(let value) = attribute else { throw refusal("\(name) is no text") }
        return value
    }

    func integerList(_ name: String) throws -> [Int]? {
        guard let attribute = node.attributes[name] else { return nil }
        guard case .integers(let value) = attribute else { throw refusal("\(name) is no list of integers") }
        return value.map { Int($0) }
    }

    /// An axis of a rank, which may be counted from the end.
    func axis(_ axis: Int, of rank: Int) throws -> Int {
        guard axis >= -rank, axis < rank else { throw refusal("axis \(axis) of \(rank)") }
        return axis < 0 ? axis + rank : axis
    }

    // MARK: Results

    /// A result of the form of an activation, made of it alone.
    func mapped(_ x: GraphActivation, _ body: @escaping @Sendable (Tensor) -> Tensor) -> GraphActivation {
        builder.emit([.slot(x.slot)], x.shape, batch: x.batch, order: x.order, outer: x.outer) { x in body(x[0]) }
    }

    /// The same numbers under another shape in the graph, with the images in its axis `batch`.
    func reshaped(_ x: GraphActivation, to shape: [Int], batch: Int, outer: Int = 1) throws -> GraphActivation {
        guard shape.prefix(batch).reduce(1, *) * outer == x.before,
            shape.reduce(1, *) * outer == x.shape.reduce(1, *) * x.outer
        else { throw refusal("it mixes images: \(x.shape) to \(shape)") }
        let natural = builder.arranged(x, x.naturalOrder)
        let result = GraphActivation(
            slot: natural.slot, shape: shape, batch: batch,
            order: GraphActivation.naturalOrder(shape, batch: batch, outer: outer), outer: outer)
        let extents = result.extents
        guard natural.extents != extents else { return result }
        return builder.emit([.slot(natural.slot)], shape, batch: batch, order: result.order, outer: outer) { x in
            x[0].reshaped(Shape([x[0].shape[0]] + extents))
        }
    }

    /// The activation with axes of one entry in front, up to a rank.
    func padded(_ x: GraphActivation, to rank: Int) -> GraphActivation {
        let more = rank - x.rank
        guard more > 0 else { return x }
        let order = Array(0..<more) + x.order.map { $0 == GraphActivation.outerAxis ? $0 : $0 + more }
        let shape = Array(repeating: 1, count: more) + x.shape
        let extents = Array(repeating: 1, count: more) + x.extents
        return builder.emit([.slot(x.slot)], shape, batch: x.batch + more, order: order, outer: x.outer) { x in
            x[0].reshaped(Shape([x[0].shape[0]] + extents))
        }
    }

    /// A constant beside an activation, without the axis that a file with a fixed number of images gives each of
    /// them, all alike.
    func ofAnImage(_ constant: GraphConstant, beside shape: [Int], batch: Int) throws -> GraphConstant {
        let axis = batch - (shape.count - constant.rank)
        guard axis >= 0, ![1, shape[batch]].contains(constant.shape[axis]) else { return constant }
        guard constant.shape[axis] == builder.images * shape[batch],
            let own = constant.part(of: builder.images, along: axis)
        else { throw refusal("it mixes images") }
        return own
    }

    /// A constant as an activation of a shape, the same for every image.
    func repeated(_ constant: GraphConstant, to shape: [Int], batch: Int) throws -> GraphActivation {
        let order = GraphActivation.naturalOrder(shape, batch: batch), extents = order.map { shape[$0] }
        let operand = try builder.operand(constant, beside: shape, batch: batch, order: order)
        // The images' number is that of the network's input.
        return builder.emit([operand, .slot(0)], shape, batch: batch, order: order) { x in
            x[0].reshaped([1] + x[0].shape).broadcast(to: Shape([x[1].shape[0]] + extents))
        }
    }

    /// Two values that are combined number by number, under ONNX's broadcasting.
    func combined(
        _ a: GraphValue, _ b: GraphValue, _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) throws -> GraphActivation {
        switch (a, b) {
        case (.activation(let x), .constant(let constant)):
            return try combined(x, constant) { body($0, $1) }
        case (.constant(let constant), .activation(let x)):
            return try combined(x, constant) { body($1, $0) }
        case (.activation(let a), .activation(let b)):
            let rank = max(a.rank, b.rank)
            var (x, y) = (padded(a, to: rank), padded(b, to: rank))
            guard x.batch == y.batch, x.shape[x.batch] == y.shape[y.batch], x.outer == y.outer else {
                throw refusal("it mixes images")
            }
            let shape = try broadcast(x.shape, y.shape)
            let order = x.shape.reduce(1, *) >= y.shape.reduce(1, *) ? x.order : y.order
            (x, y) = (builder.arranged(x, order), builder.arranged(y, order))
            return builder.emit(
                [.slot(x.slot), .slot(y.slot)], shape, batch: x.batch, order: order, outer: x.outer
            ) { x in body(x[0], x[1]) }
        case (.constant, .constant): throw refusal("both inputs are constants")
        }
    }

    private func combined(
        _ activation: GraphActivation, _ constant: GraphConstant,
        _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) throws -> GraphActivation {
        let x = padded(activation, to: constant.rank)
        let constant = try ofAnImage(constant, beside: x.shape, batch: x.batch)
        let padding = Array(repeating: 1, count: x.rank - constant.rank) + constant.shape
        let shape = try broadcast(x.shape, padding)
        let operand = try builder.operand(constant, beside: shape, batch: x.batch, order: x.order)
        return builder.emit(
            [.slot(x.slot), operand], shape, batch: x.batch, order: x.order, outer: x.outer
        ) { x in body(x[0], x[1]) }
    }

    private func broadcast(_ a: [Int], _ b: [Int]) throws -> [Int] {
        guard let shape = Shape.broadcast(Shape(a), Shape(b)) else { throw refusal("shapes \(a) and \(b) do not fit") }
        return shape.extents
    }
}
