import Kernels
import Tracing

/// One walk over a subgraph, consumers before producers, in which cotangents move from outputs to variables.
struct BackwardPass {
    private let graph: Subgraph
    private let statistics: BatchStatistics
    private let recording, releasing: Bool
    private var leadShape: Shape = []
    private(set) var cotangents: Cotangents

    init(
        _ graph: Subgraph, _ statistics: BatchStatistics, recording: Bool, releasing: Bool,
        cotangents: Cotangents = Cotangents()
    ) {
        self.graph = graph
        self.statistics = statistics
        self.recording = recording
        self.releasing = releasing
        self.cotangents = cotangents
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
        var awaited = graph.variables, consumersLeft = graph.leafConsumers
        func deliver(_ node: ObjectIdentifier, _ gradient: Tensor?) throws {
            guard let gradient, let places = awaited.removeValue(forKey: node) else { return }
            for place in places { try receive(place, gradient) }
        }
        for node in graph.consumersFirst {
            let cotangent = cotangents.take(ObjectIdentifier(node))
            try deliver(ObjectIdentifier(node), cotangent)
            if let cotangent { apply(node, cotangent) }
            if releasing { node.release() }
            for case let leaf? in node.edges.map(\.producer) where leaf.operation == nil {
                let key = ObjectIdentifier(leaf)
                consumersLeft[key]? -= 1
                if consumersLeft[key] == 0 { try deliver(key, cotangents.take(key)) }
            }
        }
        for (place, variable) in variables.enumerated() {
            guard variable.node.map({ awaited[ObjectIdentifier($0)] != nil }) ?? true else { continue }
            try receive(place, Tensor(leadShape + variable.shape, repeating: 0, in: pool))
        }
    }

    /// What a node's derivative rule gives to those of its inputs that lead to a variable.
    private mutating func apply(_ node: Node, _ cotangent: Tensor) {
        let wanted = node.edges.map { edge in
            edge.producer.map { graph.leadsToVariable.contains(ObjectIdentifier($0)) } ?? false
        }
        guard let operation = node.operation, wanted.contains(true) else { return }
        let parts = operation.pullback(
            Pullback(
                cotangent: cotangent, wanted: wanted,
                isVariable: node.edges.map { edge in
                    edge.producer.map { graph.variables[ObjectIdentifier($0)] != nil } ?? false
                }, statistics: statistics, inputShapes: node.edges.map(\.shape),
                outputShape: node.shape, node: node, isRecording: recording, operation: operation,
                savedInputs: node.edges.indices.map { node.input($0, attached: recording) },
                savedOutput: node.output(attached: recording)))
        precondition(parts.count == wanted.count, "\(operation.name): pullback of \(parts.count) inputs")
        for (edge, (isWanted, part)) in zip(node.edges, zip(wanted, parts)) {
            guard isWanted, let producer = edge.producer, let part else { continue }
            cotangents.add(
                part.fitted(to: leadShape + edge.shape, lead: leadShape.rank), to: ObjectIdentifier(producer))
        }
    }
}

/// What has come together so far of the gradients of nodes.
struct Cotangents {
    private var sums: [ObjectIdentifier: Tensor] = [:]

    mutating func take(_ node: ObjectIdentifier) -> Tensor? { sums.removeValue(forKey: node) }

    /// Adds in place where nobody else can see the accumulated numbers.
    mutating func add(_ part: Tensor, to node: ObjectIdentifier) {
        guard var sum = sums.removeValue(forKey: node) else {
            sums[node] = part
            return
        }
        if sum.node == nil, part.node == nil, !sum.storage.isWindow, isKnownUniquelyReferenced(&sum.storage) {
            sum.pool.trace.span(.operation, "accumulate", detail: sum.shape.description) {
                sum.storage.add(part.storage)
            }
            sums[node] = sum
        } else {
            sums[node] = sum + part
        }
    }
}
