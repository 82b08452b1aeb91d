/// The graph that several outputs have in common, and the gradients that gather at its nodes.
///
/// Each output's own part is differentiated by itself, so that only one of them need be in memory at a time; what they
/// share is passed once, at the end:
///
///     let shared = SharedGraph(of: loss, with: parameters)
///     for term in terms { shared.gather(from: term()) }
///     shared.deliver(loss, to: ...)
///
/// A graph belongs to one thread.
public final class SharedGraph {
    private let root: Tensor
    private let others: [Tensor]
    private let variables: [Tensor]
    private let nodes: Set<ObjectIdentifier>
    /// Nodes beside the root's own graph that hold what derivative rules remember.
    private var rememberedNodes: [Node] = []
    /// Nodes of a graph of some rows that have gradients which are still to be passed on.
    private var rowNodes: [Node] = []
    private var cotangents = Cotangents()

    /// All that leads from `variables` to `root` is shared, and to `others`, which have no gradient of their own.
    public init(of root: Tensor, sharing others: [Tensor] = [], with variables: [Tensor]) {
        self.root = root
        self.others = others
        self.variables = variables
        nodes = Subgraph(from: ([root] + others).compactMap(\.node), to: variables, .perClass).leadsToVariable
    }

    /// Adds the gradient of `output` with respect to everything shared. The graph between the two is released.
    ///
    /// Outputs that come from some rows of the batch have the graph of those rows in common. It keeps its numbers, and
    /// is passed once, together with the last of these outputs.
    ///
    /// - Parameters:
    ///   - others: further variables, that are not shared.
    ///   - rows: the rows that the output comes from, if not all.
    ///   - isLast: no other output comes from these rows.
    /// - Returns: the gradients of `others`.
    @discardableResult
    public func gather(
        from output: Tensor, seed: Tensor? = nil, others: [Tensor] = [], of rows: RowGraph? = nil, isLast: Bool = true
    ) -> [Tensor] {
        precondition(
            seed.map { $0.shape == output.shape } ?? true, "SharedGraph: seed \(seed?.shape ?? []) for \(output.shape)")
        var results: [Int: Tensor] = [:]
        let kept = rows?.nodes ?? []
        let graph = Subgraph(
            from: [output.node].compactMap(\.self) + (isLast ? rowNodes : []), to: others, .perClass
        ) { [nodes] node in
            let key = ObjectIdentifier(node)
            return node.isRemembered || nodes.contains(key) || !isLast && kept.contains(key)
        }
        rowNodes = isLast ? [] : unique(rowNodes + graph.edge.filter { kept.contains(ObjectIdentifier($0)) })
        rememberedNodes = unique(rememberedNodes + graph.edge.filter(\.isRemembered))
        var pass = BackwardPass(
            graph, .perClass, recording: false, releasing: true, keeping: kept, cotangents: cotangents)
        // The pass owns the sums now: a second reference would have them copied.
        cotangents = Cotangents()
        pass.begin(at: output, seed: seed)
        pass.run(delivering: others, in: output.pool) { results[$0] = $1 }
        cotangents = pass.cotangents
        return others.indices.compactMap { results[$0] }
    }

    private func unique(_ nodes: [Node]) -> [Node] {
        var seen: Set<ObjectIdentifier> = []
        return nodes.filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    /// Adds the root's own gradient and takes everything on to the variables, each of which is handed over with its
    /// number as soon as it is final. The graph is released.
    public func deliver(to receive: (Int, Tensor) throws -> Void) rethrows {
        let roots = ([root] + others).compactMap(\.node) + rememberedNodes
        rememberedNodes = []
        let graph = Subgraph(from: roots, to: variables, .perClass)
        var pass = BackwardPass(graph, .perClass, recording: false, releasing: true, cotangents: cotangents)
        cotangents = Cotangents()
        pass.begin(at: root, seed: nil)
        try pass.run(delivering: variables, in: root.pool, to: receive)
    }
}
