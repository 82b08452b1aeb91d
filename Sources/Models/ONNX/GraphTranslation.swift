import Autodiff
import Failures
import ONNX

/// Makes a network of an ONNX graph, node by node. What is not supported is named with its node, before anything runs.
struct GraphTranslation {
    let builder: GraphBuilder
    /// Where the logits stand.
    private(set) var result = 0
    private var values: [String: GraphValue]
    /// What some node, or the output, is made of.
    private let read: Set<String>

    /// Throws `badInput` for a graph that is no classifier of such images, or uses what is not supported.
    init(_ file: ONNXFile, input: Shape, classes: Int) throws {
        let graph = file.graph
        guard graph.inputs.count == 1, let image = graph.inputs.first else {
            throw Failure.badInput(
                file.path, "takes \(graph.inputs.count) inputs", expected: "a network that takes images alone")
        }
        builder = GraphBuilder(file, images: image.shape.first ?? nil)
        read = Set(graph.nodes.flatMap(\.inputs) + graph.outputs.map(\.name))
        values = [image.name: .activation(try Self.entrance(image, input, file.path))]
        for node in graph.nodes { try translate(node) }
        result = try leave(graph, classes: classes)
        try requireNames()
    }

    /// What checkpoints call parameters and statistics has to be theirs alone.
    private func requireNames() throws {
        var names = Set<String>()
        let running = builder.statistics.flatMap { [$0.meanName, $0.varianceName, $0.counterName] }
        for name in builder.parameters.map(\.name) + running {
            guard names.insert(name).inserted, !Self.taken.contains(where: name.hasPrefix) else {
                throw refusal("a parameter is called \(name.debugDescription.prefix(80)), as something else is")
            }
        }
    }

    /// What stands before the names of other tensors of a checkpoint.
    private static let taken = ["optimizer.", "ema."]

    /// How images [H, W, C] enter a graph that has channels first, as most have, or last.
    private static func entrance(_ image: ONNXValue, _ input: Shape, _ path: String) throws -> GraphActivation {
        let first = [input[2], input[0], input[1]], last = input.extents
        func fits(_ extents: [Int]) -> Bool {
            image.shape.count == 4 && zip(image.shape.dropFirst(), extents).allSatisfy { $0 == nil || $0 == $1 }
        }
        if fits(first) { return GraphActivation(slot: 0, shape: [1] + first, batch: 0, order: [2, 3, 1]) }
        if fits(last) { return GraphActivation(slot: 0, shape: [1] + last, batch: 0, order: [1, 2, 3]) }
        let axes = image.shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
        throw Failure.badInput(
            path, "its input \(image.name.debugDescription.prefix(80)) is [\(axes)]",
            expected: "images [?, \(first.map(String.init).joined(separator: ", "))]")
    }

    private func leave(_ graph: ONNXGraph, classes: Int) throws -> Int {
        guard graph.outputs.count == 1, let output = graph.outputs.first else {
            throw refusal("gives \(graph.outputs.count) outputs", expected: "a classifier that gives logits alone")
        }
        guard case .activation(let logits)? = values[output.name], logits.batch == 0, logits.before == 1,
            logits.shape[0] == 1
        else {
            throw refusal("its output \(output.name.debugDescription.prefix(80)) is not one row for each image")
        }
        guard logits.shape.reduce(1, *) == classes else {
            throw refusal(
                "gives \(logits.shape.dropFirst().map(String.init).joined(separator: " x ")) numbers an image",
                expected: "\(classes) logits")
        }
        let natural = builder.arranged(logits, logits.naturalOrder)
        return builder.emit([.slot(natural.slot)], [1, classes], batch: 0, order: [1]) { x in
            x[0].reshaped([x[0].shape[0], classes])
        }.slot
    }

    private mutating func translate(_ node: ONNXNode) throws {
        var inputs: [GraphValue?] = []
        for name in node.inputs { inputs.append(name.isEmpty ? nil : try value(name)) }
        let translation = NodeTranslation(node, inputs, in: builder)
        let made = try outputs(of: translation)
        // 64 MiB an image. Refused here, and not where memory ends.
        guard builder.largest <= 1 << 24 else {
            throw translation.refusal("it would make \(builder.largest) numbers of each image")
        }
        for (name, value) in zip(node.outputs, made) where !name.isEmpty { values[name] = value }
        for name in node.outputs.dropFirst(made.count) where !name.isEmpty && read.contains(name) {
            throw translation.refusal("output \(name.debugDescription.prefix(80)) is used")
        }
    }

    /// What the registries make of a node.
    private func outputs(of translation: NodeTranslation) throws -> [GraphValue] {
        let node = translation.node
        guard node.domain.isEmpty else {
            throw translation.refusal(
                "it is of \(node.domain.debugDescription.prefix(80)), not one of ONNX's own operators")
        }
        let constants = translation.inputs.map { value -> GraphConstant? in
            if case .constant(let constant)? = value { constant } else { nil }
        }
        let isConstant = zip(translation.inputs, constants).allSatisfy { $0 == nil || $1 != nil }
        if isConstant, let fold = constantOperators[node.operation] {
            return [.constant(named(try fold(translation, constants), constants, by: node))]
        }
        guard let make = graphOperators[node.operation] else { throw translation.refusal("it is not supported") }
        return try make(translation)
    }

    /// What is made of parameters is a parameter itself, under the name of the result, or of the parameter if it is the
    /// same numbers in another form.
    private func named(_ result: GraphConstant, _ inputs: [GraphConstant?], by node: ONNXNode) -> GraphConstant {
        let isForm = operatorsOfForm.contains(node.operation) && result.count == inputs.first??.count
        guard !isForm else { return result }
        var result = result
        let isTrained = result.isFloat && result.count > 1 && inputs.contains { $0?.name != nil }
        result.name = isTrained ? node.outputs.first : nil
        return result
    }

    private func refusal(_ problem: String, expected: String? = nil) -> Failure {
        Failure.badInput(builder.file.path, problem, expected: expected)
    }

    private mutating func value(_ name: String) throws -> GraphValue {
        if let known = values[name] { return known }
        guard let tensor = builder.file.graph.constants[name] else {
            throw refusal("\(name.debugDescription.prefix(80)) is not supported as an input")
        }
        let constant = try builder.constant(tensor, isTrained: true)
        values[name] = .constant(constant)
        return .constant(constant)
    }
}
