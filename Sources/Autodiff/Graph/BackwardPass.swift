/// One walk over a subgraph, consumers before producers, in which cotangents move from outputs to variables.
struct BackwardPass {
    private let graph: Subgraph
    private let statistics: BatchStatistics
    private let recording, releasing: Bool
    /// Nodes that a later pass needs.
    private let kept: Set<ObjectIdentifier>
    private var leadShape: Shape = []
    private(set) var cotangents: Cotangents
    /// Edges to each node whose contributions are still to come.
    private var consumersLeft: [ObjectIdentifier: Int]
    /// Nodes that contribute nothing more.
    private var finished: Set<ObjectIdentifier> = []
    /// Nodes whose cotangents have gone through their gate.
    private var gated: Set<ObjectIdentifier> = []

    init(
        _ graph: Subgraph, _ statistics: BatchStatistics, recording: Bool, releasing: Bool,
        keeping kept: Set<ObjectIdentifier> = [], cotangents: Cotangents = Cotangents()
    ) {
        self.graph = graph
        self.statistics = statistics
        self.recording = recording
        self.releasing = releasing
        self.kept = kept
        self.cotangents = cotangents
        consumersLeft = graph.consumers
    }

    /// Puts the seed, ones if nil, on the output. Its axes beyond the output's ride along in every cotangent.
    mutating func begin(at output: Tensor, seed: Tensor?) {
        let seed = seed ?? Tensor(output.shape, repeating: 1, in: output.pool)
        let lead = seed.shape.rank - output.shape.rank
        precondition(
            lead >= 0 && seed.shape.dropFirst(lead) == output.shape,
            "gradients: seed \(seed.shape) for output \(output.shape)")
        leadShape = seed.shape.prefix(lead)
        if let node = output.node { cotangents.add(recording ? seed : seed.detached, to: ObjectIdentifier(node)) }
    }

    /// Walks. `receive` gets each variable's gradient with its number, once, when it is final; zeros where the output
    /// does not depend on it.
    mutating func run(
        delivering variables: [Tensor], in pool: MemoryPool, to receive: (Int, Tensor) throws -> Void
    ) rethrows {
        var awaited = graph.variables
        func deliver(_ node: ObjectIdentifier, _ gradient: Tensor?) throws {
            guard let gradient, let places = awaited.removeValue(forKey: node) else { return }
            for place in places { try receive(place, gradient) }
        }
        for node in graph.consumersFirst {
            let key = ObjectIdentifier(node)
            let cotangent = cotangents.take(key)
            try deliver(key, cotangent)
            if let cotangent { apply(node, cotangent) }
            if releasing, !kept.contains(key) { node.release() }
            for leaf in finish(node) where leaf.operation == nil && awaited[ObjectIdentifier(leaf)] != nil {
                try deliver(ObjectIdentifier(leaf), cotangents.take(ObjectIdentifier(leaf)))
            }
        }
        for (place, variable) in variables.enumerated() {
            guard variable.node.map({ awaited[ObjectIdentifier($0)] != nil }) ?? true else { continue }
            try receive(place, Tensor(leadShape + variable.shape, repeating: 0, in: pool))
        }
    }

    /// Notes that a node contributes nothing more. Returns those of its producers that await nobody now.
    private mutating func finish(_ node: Node) -> [Node] {
        guard finished.insert(ObjectIdentifier(node)).inserted else { return [] }
        return node.edges.compactMap(\.producer).filter { producer in
            consumersLeft[ObjectIdentifier(producer)]? -= 1
            return consumersLeft[ObjectIdentifier(producer)] == 0
        }
    }

    /// What a node's derivative rule gives to those of its inputs that lead to a variable.
    private mutating func apply(_ node: Node, _ cotangent: Tensor) {
        let wanted = node.edges.map { edge in
            edge.producer.map { graph.leadsToVariable.contains(ObjectIdentifier($0)) } ?? false
        }
        guard let operation = node.operation, wanted.contains(true) else { return }
        var pullback = Pullback(
            cotangent: cotangent, wanted: wanted,
            isVariable: node.edges.map { edge in
                edge.producer.map { graph.variables[ObjectIdentifier($0)] != nil } ?? false
            }, statistics: statistics, inputShapes: node.edges.map(\.shape),
            outputShape: node.shape, node: node, isRecording: recording, operation: operation,
            savedInputs: node.edges.indices.map { node.input($0, attached: recording) },
            savedOutput: node.output(attached: recording), isGated: gated.remove(ObjectIdentifier(node)) != nil)
        let route = operation.route(pullback)
        if let bypassed = route.bypassed.flatMap({ node.edges[$0].producer }) { skip(bypassed) }
        let completed = route.completed.flatMap { wanted[$0] ? node.edges[$0].producer : nil }
        if let completed {
            let epilogue = epilogue(completed)
            if epilogue.gate != nil { gated.insert(ObjectIdentifier(completed)) }
            pullback.epilogue = epilogue
        }
        let parts = operation.contributions(pullback)
        // Its addend is part of a contribution now, and need not live on.
        pullback.epilogue = nil
        precondition(parts.count == wanted.count, "\(operation.name): pullback of \(parts.count) inputs")
        for (edge, (isWanted, part)) in zip(node.edges, zip(wanted, parts)) {
            guard isWanted, let producer = edge.producer, let part else { continue }
            let key = ObjectIdentifier(producer), shape = leadShape + edge.shape
            if let tensor = part.tensor { cotangents.add(tensor.fitted(to: shape, lead: leadShape.rank), to: key) }
            if part.isDeferred { cotangents.deferSums(of: part, to: key, shape) }
        }
    }

    /// A node that its only consumer left, and that has no gradient, will contribute nothing.
    private mutating func skip(_ node: Node) {
        let key = ObjectIdentifier(node)
        if consumersLeft[key] == 1, !cotangents.contains(key), graph.variables[key] == nil, !graph.isAtEdge(node) {
            _ = finish(node)
        }
    }

    /// What a last contribution to a node's gradient can take in; the sum so far is then no longer kept here.
    private mutating func epilogue(_ node: Node) -> Epilogue {
        let key = ObjectIdentifier(node)
        let isLast = consumersLeft[key] == 1 && graph.variables[key] == nil && !graph.isAtEdge(node)
        return Epilogue(addend: cotangents.take(key), gate: isLast ? node.gate : nil)
    }
}
