import Kernels
import Tracing

/// Gradients of `output` with respect to `variables`, by reverse accumulation.
///
/// - Parameters:
///   - seed: the cotangent of the output, shape `lead + output.shape`; ones if nil. Leading axes (classes) ride along:
///     each result has shape `lead + variable.shape`, all from one pass over the shared graph.
///   - recording: the results can be differentiated again.
///   - statistics: what BatchNorm's batch statistics are in this pass.
///   - releasing: frees what the graph kept as the pass goes; the graph cannot be used afterwards.
public func gradients(
    of output: Tensor, seed: Tensor? = nil, with variables: [Tensor], recording: Bool = false,
    statistics: BatchStatistics = .perClass, releasing: Bool = false
) -> [Tensor] {
    var results: [Tensor?] = Array(repeating: nil, count: variables.count)
    deliverGradients(
        of: output, seed: seed, with: variables, recording: recording, statistics: statistics, releasing: releasing
    ) { results[$0] = $1 }
    return results.map { result in
        guard let result else { preconditionFailure("gradients: a variable was left out") }
        return result
    }
}

/// The same, but each gradient is handed over, once, with its variable's number, as soon as nothing more will be added
/// to it: with layers one after the other, the last layer's first, while the pass goes on to those before.
public func deliverGradients(
    of output: Tensor, seed: Tensor? = nil, with variables: [Tensor], recording: Bool = false,
    statistics: BatchStatistics = .perClass, releasing: Bool = false, to receive: (Int, Tensor) throws -> Void
) rethrows {
    let seed = seed ?? Tensor(output.shape, repeating: 1, in: output.pool)
    let lead = seed.shape.rank - output.shape.rank
    precondition(
        lead >= 0 && seed.shape.dropFirst(lead) == output.shape,
        "gradients: seed \(seed.shape) for output \(output.shape)")
    let leadShape = seed.shape.prefix(lead)
    let graph = Subgraph(from: output.node, to: variables, statistics)

    var cotangents: [ObjectIdentifier: Tensor] = [:]
    if let node = output.node { cotangents[ObjectIdentifier(node)] = recording ? seed : seed.detached }
    var awaited = graph.variables, consumersLeft = graph.leafConsumers

    func deliver(_ node: ObjectIdentifier) throws {
        guard let gradient = cotangents[node], let places = awaited.removeValue(forKey: node) else { return }
        for place in places { try receive(place, gradient) }
    }

    for node in graph.consumersFirst {
        let key = ObjectIdentifier(node)
        try deliver(key)
        if let cotangent = cotangents.removeValue(forKey: key) {
            for (producer, part) in contributions(of: node, cotangent, graph, recording: recording, statistics) {
                add(part.fitted(to: leadShape + producer.shape, lead: lead), to: &cotangents[ObjectIdentifier(producer)])
            }
        }
        if releasing { node.release() }
        for case let leaf? in node.edges.map(\.producer) where leaf.operation == nil {
            let key = ObjectIdentifier(leaf)
            consumersLeft[key]? -= 1
            guard consumersLeft[key] == 0 else { continue }
            try deliver(key)
            cotangents[key] = nil
        }
    }
    for (place, variable) in variables.enumerated() {
        guard variable.node.map({ awaited[ObjectIdentifier($0)] != nil }) ?? true else { continue }
        try receive(place, Tensor(leadShape + variable.shape, repeating: 0, in: output.pool))
    }
}

/// What a node's derivative rule gives to those of its inputs that lead to a variable.
private func contributions(
    of node: Node, _ cotangent: Tensor, _ graph: Subgraph, recording: Bool, _ statistics: BatchStatistics
) -> [(Node, Tensor)] {
    let wanted = node.edges.map { edge in
        edge.producer.map { graph.leadsToVariable.contains(ObjectIdentifier($0)) } ?? false
    }
    guard let operation = node.operation, wanted.contains(true) else { return [] }
    let parts = operation.pullback(
        Pullback(
            cotangent: cotangent, wanted: wanted, statistics: statistics, inputShapes: node.edges.map(\.shape),
            outputShape: node.shape, operation: operation,
            savedInputs: node.edges.indices.map { node.input($0, attached: recording) },
            savedOutput: node.output(attached: recording)))
    precondition(parts.count == wanted.count, "\(operation.name): pullback of \(parts.count) inputs")
    return wanted.indices.compactMap { i in
        guard wanted[i], let producer = node.edges[i].producer, let part = parts[i] else { return nil }
        return (producer, part)
    }
}

/// Adds in place where nobody else can see the accumulated numbers.
private func add(_ part: Tensor, to total: inout Tensor?) {
    guard var sum = total else {
        total = part
        return
    }
    total = nil
    if sum.node == nil, part.node == nil, !sum.storage.isWindow, isKnownUniquelyReferenced(&sum.storage) {
        sum.pool.trace.span(.operation, "accumulate", detail: sum.shape.description) { sum.storage.add(part.storage) }
        total = sum
    } else {
        total = sum + part
    }
}

/// The nodes between an output and some variables.
private struct Subgraph {
    var consumersFirst: [Node] = []
    var leadsToVariable: Set<ObjectIdentifier> = []
    /// Where each variable stands in the caller's list.
    var variables: [ObjectIdentifier: [Int]] = [:]
    /// The edges that lead to each variable that no operation made: its gradient is final after so many.
    var leafConsumers: [ObjectIdentifier: Int] = [:]

    init(from root: Node?, to tensors: [Tensor], _ statistics: BatchStatistics) {
        for (place, tensor) in tensors.enumerated() {
            if let node = tensor.node { variables[ObjectIdentifier(node), default: []].append(place) }
        }
        guard let root else { return }
        // No consumer path below the shallowest variable can reach one.
        let shallowest = tensors.compactMap { $0.node?.depth }.min() ?? .max
        var seen: Set<ObjectIdentifier> = [ObjectIdentifier(root)]
        var found = [root]
        var next = 0
        while next < found.count {
            let node = found[next]
            next += 1
            for case let producer? in node.edges.map(\.producer)
            where producer.depth >= shallowest && seen.insert(ObjectIdentifier(producer)).inserted {
                found.append(producer)
            }
        }
        // Equal depths keep the order of discovery, so that sums are always taken in the same order.
        let ordered = found.enumerated().sorted {
            ($1.element.depth, $0.offset) < ($0.element.depth, $1.offset)
        }.map(\.element)
        for node in ordered.reversed() {
            let reaches =
                node.operation?.passesGradient(statistics) ?? false
                && node.edges.contains {
                    $0.producer.map { leadsToVariable.contains(ObjectIdentifier($0)) } ?? false
                }
            if reaches || variables[ObjectIdentifier(node)] != nil { leadsToVariable.insert(ObjectIdentifier(node)) }
        }
        consumersFirst = ordered.filter { leadsToVariable.contains(ObjectIdentifier($0)) }
        for case let producer? in consumersFirst.flatMap(\.edges).map(\.producer)
        where producer.operation == nil && variables[ObjectIdentifier(producer)] != nil {
            leafConsumers[ObjectIdentifier(producer), default: 0] += 1
        }
    }
}
