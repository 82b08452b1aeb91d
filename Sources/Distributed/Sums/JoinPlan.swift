/// How the pieces of several ranks, or machines, are joined along the tree: the same list of sums everywhere.
struct JoinPlan {
    /// The pieces of each rank, in order.
    let pieces: [[ShardTree.Node]]
    /// Sums to be done in order: piece `left` becomes `left` + `right`. Pieces are numbered over all ranks.
    let joins: [(left: Int, right: Int)]
    /// What is left then: the numbers of the pieces that hold sums, and what they are sums of.
    let roots: [(piece: Int, node: ShardTree.Node)]

    /// - Parameter pieces: those of ranks with neighbouring ranges of shards.
    init(pieces: [[ShardTree.Node]]) {
        self.pieces = pieces
        var joins: [(Int, Int)] = [], stack: [Int] = [], number = 0
        var joining = ShardTree.Joining()
        for node in pieces.joined() {
            stack.append(number)
            for _ in 0..<joining.push(node) {
                let right = stack.removeLast()
                joins.append((stack[stack.count - 1], right))
            }
            number += 1
        }
        self.joins = joins
        roots = Array(zip(stack, joining.nodes))
    }

    /// Of all ranks of a job.
    init(tree: ShardTree, ranks: Int) {
        self.init(pieces: (0..<ranks).map { tree.pieces(of: tree.range(rank: $0, of: ranks)) })
        precondition(roots.count == 1, "JoinPlan: the pieces do not make up the tree")
    }

    var pieceCount: Int { joins.count + roots.count }
}
