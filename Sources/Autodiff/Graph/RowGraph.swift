/// The graph from a batch to what was computed of it, for some of its rows alone and where batch statistics are
/// constants: gradients through it cost, and keep, what those rows do.
///
/// Nothing is computed again: kept numbers are windows into those of the whole graph. What does not depend on the batch
/// (parameters), or only through its statistics, is shared with the whole graph, so that derivatives of gradients find
/// their way to it. All of that is taken to be the same for every row.
public struct RowGraph {
    /// The rows of the batch, as a variable.
    public let batch: Tensor
    /// The same rows of the output.
    public let output: Tensor
    /// All between the two.
    let nodes: Set<ObjectIdentifier>

    /// Nil where rows cannot be told apart.
    public init?(_ rows: Range<Int>, of output: Tensor, from batch: Tensor) {
        guard let root = output.node, let leaf = batch.node, let count = batch.shape.extents.first, count > 0,
            let outputShape = output.shape.rows(rows, of: count)
        else { return nil }
        self.batch = batch.rows(rows).variable
        let graph = Subgraph(from: [root], to: [batch], .frozen)
        var counterparts = [ObjectIdentifier(leaf): self.batch.node].compactMapValues(\.self)
        for node in graph.consumersFirst.reversed() where node !== leaf {
            guard let counterpart = Node(rows: rows, of: count, node, producers: counterparts) else { return nil }
            counterparts[ObjectIdentifier(node)] = counterpart
        }
        guard let node = counterparts[ObjectIdentifier(root)] else { return nil }
        self.output = Tensor(shape: outputShape, storage: output.storage.rows(rows, of: count), node: node)
        nodes = Set(counterparts.values.map(ObjectIdentifier.init))
    }
}
