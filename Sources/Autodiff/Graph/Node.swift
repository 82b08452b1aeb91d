/// A recorded operation: where its inputs came from and the numbers its derivative rule will need.
///
/// Unchecked because `saved` changes once, when the last pass over a graph releases it; a graph belongs to one thread.
final class Node: @unchecked Sendable {
    struct Edge {
        var producer: Node?
        let shape: Shape
    }

    let operation: (any Operation)?
    let shape: Shape
    /// One more than the deepest input: descending depth is an order in which consumers come before producers.
    let depth: Int
    private(set) var edges: [Edge]
    private var savedInputs: [Storage?]
    private var savedOutput: Storage?
    /// What the derivative rule made of the inputs alone, for every later pass through this node.
    private(set) var remembered: [String: Tensor] = [:]
    /// Whether this node made something that is remembered.
    private(set) var isRemembered = false

    init(leafOf shape: Shape) {
        operation = nil
        self.shape = shape
        depth = 0
        edges = []
        savedInputs = []
    }

    init(_ operation: some Operation, inputs: [Tensor], output: Storage, shape: Shape) {
        self.operation = operation
        self.shape = shape
        depth = 1 + inputs.reduce(0) { max($0, $1.node?.depth ?? 0) }
        edges = inputs.map { Edge(producer: $0.node, shape: $0.shape) }
        let keeps = operation.keeps
        savedInputs = inputs.indices.map { index in
            let isFactor = keeps.contains(.factors) && index < 2
            let isKept = isFactor ? inputs[1 - index].isRecorded : keeps.contains(.input(index))
            return isKept ? inputs[index].storage : nil
        }
        savedOutput = keeps.contains(.output) ? output : nil
    }

    /// The same operation on some rows of a batch: on windows into the kept numbers of those producers, and of its own
    /// output, that have a counterpart among `producers`. Nil where the rows do not stand alone.
    init?(rows: Range<Int>, of batch: Int, _ other: Node, producers: [ObjectIdentifier: Node]) {
        let counterparts = other.edges.map { edge in edge.producer.flatMap { producers[ObjectIdentifier($0)] } }
        let cut = RowCut(
            rows, of: batch, inputs: other.edges.map(\.shape), following: counterparts.map { $0 != nil },
            output: other.shape)
        guard let operation = other.operation?.onRows(cut), let shape = cut.shape(other.shape) else { return nil }
        self.operation = operation
        self.shape = shape
        depth = other.depth
        edges = zip(other.edges, counterparts).map { edge, counterpart in
            counterpart.map { Edge(producer: $0, shape: $0.shape) } ?? edge
        }
        savedInputs = zip(other.savedInputs, counterparts).map { saved, counterpart in
            counterpart == nil ? saved : saved?.rows(rows, of: batch)
        }
        savedOutput = other.savedOutput?.rows(rows, of: batch)
    }

    /// Input `index`, attached to the graph or as a constant; nil if not kept.
    func input(_ index: Int, attached: Bool) -> Tensor? {
        savedInputs[index].map {
            Tensor(shape: edges[index].shape, storage: $0, node: attached ? edges[index].producer : nil)
        }
    }
    func output(attached: Bool) -> Tensor? {
        savedOutput.map { Tensor(shape: shape, storage: $0, node: attached ? self : nil) }
    }

    /// What the derivative rule lets a cotangent through at, as a constant.
    var gate: Tensor? {
        switch operation?.gate {
        case .input(let index): input(index, attached: false)
        case .output: output(attached: false)
        case nil: nil
        }
    }

    /// The storages of kept numbers, but for windows into others, which somebody else keeps.
    var keptStorages: [Storage] {
        (savedInputs + [savedOutput]).compactMap(\.self).filter { !$0.isWindow }
    }

    /// Keeps a tensor that does not depend on this node's own output: that would be a cycle.
    func remember(_ tensor: Tensor, as name: String) {
        remembered[name] = tensor
        tensor.node?.isRemembered = true
    }

    /// Drops the kept numbers. A later pass through this node stops with the operation's name.
    func release() {
        savedInputs = savedInputs.map { _ in nil }
        savedOutput = nil
        remembered = [:]
    }

    /// Takes long chains apart in a loop: nested deinits of some 40,000 nodes overflow the stack.
    deinit {
        var pending = edges.compactMap(\.producer)
        edges = []
        while var node = pending.popLast() {
            if isKnownUniquelyReferenced(&node) {
                pending.append(contentsOf: node.edges.compactMap(\.producer))
                node.edges = []
            }
        }
    }
}
