import Kernels

/// How the pieces of several ranks, each complete subtrees of the shards' tree, become one sum on every rank.
///
/// Every bucket of the vector is cut into one slice a rank, and its rank sums it for all.
protocol RankSum: AnyObject {
    /// Moves on, without waiting, what can move: in the first `ready` buckets, this rank's pieces are final.
    func advance(ready: Int) throws
    /// Waits for the sum of all buckets, in the place of this rank's first piece. All its pieces are final.
    func finish() throws
    /// Begins the next sum.
    func startAnew()
}

extension JoinPlan {
    /// Joins pieces along the tree as far as they go together: sums are in the places of the roots.
    func joinInPlace(_ places: [UnsafeMutablePointer<Scalar>], count: Int) {
        forEachTile(0..<count) { tile in
            for join in joins {
                let left = places[join.left] + tile.lowerBound
                addVectors(left, left, places[join.right] + tile.lowerBound, count: tile.count)
            }
        }
    }

    /// Joins all pieces, which make up the whole tree.
    /// - Parameters:
    ///   - places: the pieces in the order of the plan; they are used up.
    ///   - targets: where the sum goes, at least one. A place may be a target.
    func join(
        _ places: [UnsafeMutablePointer<Scalar>], into targets: [UnsafeMutablePointer<Scalar>], count: Int
    ) {
        forEachTile(0..<count) { tile in
            let start = tile.lowerBound, first = targets[0] + start
            for join in joins.dropLast() {
                addVectors(
                    places[join.left] + start, places[join.left] + start, places[join.right] + start,
                    count: tile.count)
            }
            if let last = joins.last {
                addVectors(first, places[last.left] + start, places[last.right] + start, count: tile.count)
            } else if places[0] != targets[0] {
                first.update(from: places[0] + start, count: tile.count)
            }
            // Still in the first cache.
            for other in targets.dropFirst() where joins.last != nil || other != places[0] {
                (other + start).update(from: first, count: tile.count)
            }
        }
    }
}
