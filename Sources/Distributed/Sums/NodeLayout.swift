/// How the ranks of a job lie on machines: as many on each, and neighbours together.
struct NodeLayout {
    let nodes, ranksPerNode: Int

    /// Collective. Nil, on every rank, where the ranks lie otherwise.
    init?(_ communicator: any Communicator) throws {
        let places = try communicator.allGatherValue(Place(rank: communicator.nodeRank, size: communicator.nodeSize))
        let size = communicator.nodeSize
        // By induction over ranks: whoever is the k-th of its machine is so behind its k neighbours.
        guard places.enumerated().allSatisfy({ $1.size == places[0].size && $1.rank == $0 % places[0].size }),
            places.count % size == 0
        else { return nil }
        ranksPerNode = size
        nodes = places.count / size
    }

    private struct Place {
        let rank, size: Int
    }

    func node(of rank: Int) -> Int { rank / ranksPerNode }

    func ranks(of node: Int) -> Range<Int> { node * ranksPerNode..<(node + 1) * ranksPerNode }

    /// The ranks, one a machine, that have the same place on theirs as `rank`.
    func counterparts(of rank: Int) -> [Int] {
        Array(stride(from: rank % ranksPerNode, to: nodes * ranksPerNode, by: ranksPerNode))
    }
}
