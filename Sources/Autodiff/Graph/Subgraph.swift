/// The nodes between an output and some variables.
struct Subgraph {
    /// Those whose derivative rules a pass applies, and the variables.
    private(set) var consumersFirst: [Node] = []
    private(set) var leadsToVariable: Set<ObjectIdentifier> = []
    /// Those that count as variables because they are at the edge.
    private(set) var edge: [Node] = []
    private var edgeKeys: Set<ObjectIdentifier> = []
    /// Where each variable stands in the caller's list.
    private(set) var variables: [ObjectIdentifier: [Int]] = [:]
    /// The edges that lead to each node on the way: its gradient is final after so many.
    private(set) var consumers: [ObjectIdentifier: Int] = [:]

    /// - Parameter isAtEdge: says which nodes count as variables, beyond which nothing is visited; nil for none.
    init(
        from roots: [Node], to tensors: [Tensor], _ statistics: BatchStatistics, isAtEdge: ((Node) -> Bool)? = nil
    ) {
        for (place, tensor) in tensors.enumerated() {
            if let node = tensor.node { variables[ObjectIdentifier(node), default: []].append(place) }
        }
        // No consumer path below the shallowest variable can reach one.
        let shallowest = isAtEdge == nil ? tensors.compactMap { $0.node?.depth }.min() ?? .max : 0
        var seen = Set(roots.map(ObjectIdentifier.init))
        var found = roots
        var next = 0
        while next < found.count {
            let node = found[next]
            next += 1
            if let isAtEdge, isAtEdge(node) {
                edge.append(node)
                leadsToVariable.insert(ObjectIdentifier(node))
                continue
            }
            guard node.operation?.passesGradient(statistics) ?? false else { continue }
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
            let key = ObjectIdentifier(node)
            let reaches =
                node.operation?.passesGradient(statistics) ?? false
                && node.edges.contains {
                    $0.producer.map { leadsToVariable.contains(ObjectIdentifier($0)) } ?? false
                }
            if reaches || variables[key] != nil { leadsToVariable.insert(key) }
        }
        edgeKeys = Set(edge.map(ObjectIdentifier.init))
        consumersFirst = ordered.filter {
            leadsToVariable.contains(ObjectIdentifier($0)) && !edgeKeys.contains(ObjectIdentifier($0))
        }
        for case let producer? in consumersFirst.flatMap(\.edges).map(\.producer)
        where leadsToVariable.contains(ObjectIdentifier(producer)) {
            consumers[ObjectIdentifier(producer), default: 0] += 1
        }
    }

    /// Whether the node counts as a variable because it is at the edge.
    func isAtEdge(_ node: Node) -> Bool { edgeKeys.contains(ObjectIdentifier(node)) }
}
