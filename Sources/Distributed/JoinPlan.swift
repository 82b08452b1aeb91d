/// How the pieces of all ranks are joined to the root of the tree: the same list of sums on every rank.
struct JoinPlan {
    /// The pieces of each rank in order, and the number of its first one.
    let pieces: [[ShardTree.Node]]
    let firstPiece: [Int]
    /// Sums to be done in order: piece `left` becomes `left` + `right`.
    let joins: [(left: Int, right: Int)]

    init(tree: ShardTree, ranks: Int) {
        pieces = (0..<ranks).map { tree.pieces(of: tree.range(rank: $0, of: ranks)) }
        var first: [Int] = [], joins: [(Int, Int)] = [], stack: [Int] = [], number = 0
        var joining = ShardTree.Joining()
        for own in pieces {
            first.append(number)
            for node in own {
                stack.append(number)
                for _ in 0..<joining.push(node) {
                    let right = stack.removeLast()
                    joins.append((stack[stack.count - 1], right))
                }
                number += 1
            }
        }
        precondition(stack.count == 1, "JoinPlan: the pieces do not make up the tree")
        firstPiece = first
        self.joins = joins
    }

    var pieceCount: Int { joins.count + 1 }
}
