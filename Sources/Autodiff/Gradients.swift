import Kernels

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
    let seed = seed ?? Tensor(output.shape, repeating: 1, in: output.pool)
    let lead = seed.shape.rank - output.shape.rank
    precondition(
        lead >= 0 && seed.shape.dropFirst(lead) == output.shape,
        "gradients: seed \(seed.shape) for output \(output.shape)")
    let leadShape = seed.shape.prefix(lead)
    let graph = Subgraph(from: output.node, to: variables, statistics)

    var cotangents: [ObjectIdentifier: Tensor] = [:]
    var results: [ObjectIdentifier: Tensor] = [:]
    if let node = output.node { cotangents[ObjectIdentifier(node)] = recording ? seed : seed.detached }

    for node in graph.consumersFirst {
        let key = ObjectIdentifier(node)
        guard let cotangent = cotangents.removeValue(forKey: key) else { continue }
        if graph.variables.contains(key) { results[key] = cotangent }
        guard let operation = node.operation else { continue }
        let wanted = node.edges.map {
            $0.producer.map { graph.leadsToVariable.contains(ObjectIdentifier($0)) } ?? false
        }
        guard wanted.contains(true) else { continue }
        let contributions = operation.pullback(
            Pullback(
                cotangent: cotangent, wanted: wanted, statistics: statistics,
                inputShapes: node.edges.map(\.shape), outputShape: node.shape, operation: operation,
                savedInputs: node.edges.indices.map { node.input($0, attached: recording) },
                savedOutput: node.output(attached: recording)))
        precondition(
            contributions.count == wanted.count, "\(operation.name): pullback of \(contributions.count) inputs")
        for (edge, contribution) in zip(node.edges, zip(wanted, contributions)) {
            guard let producer = edge.producer, contribution.0, let part = contribution.1 else { continue }
            add(part.fitted(to: leadShape + edge.shape, lead: lead), to: &cotangents[ObjectIdentifier(producer)])
        }
        if releasing { node.release() }
    }
    return variables.map { variable in
        variable.node.flatMap { results[ObjectIdentifier($0)] }
            ?? Tensor(leadShape + variable.shape, repeating: 0, in: output.pool)
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
        sum.storage.add(part.storage)
        total = sum
    } else {
        total = sum + part
    }
}

/// The nodes between an output and some variables.
private struct Subgraph {
    var consumersFirst: [Node] = []
    var leadsToVariable: Set<ObjectIdentifier> = []
    let variables: Set<ObjectIdentifier>

    init(from root: Node?, to tensors: [Tensor], _ statistics: BatchStatistics) {
        variables = Set(tensors.compactMap { $0.node.map(ObjectIdentifier.init) })
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
            if reaches || variables.contains(ObjectIdentifier(node)) { leadsToVariable.insert(ObjectIdentifier(node)) }
        }
        consumersFirst = ordered.filter { leadsToVariable.contains(ObjectIdentifier($0)) }
    }
}
