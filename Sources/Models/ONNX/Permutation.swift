import Autodiff

extension Tensor {
    /// The axes behind the first one in another order: axis i of the result is axis `order[i]`, counted without the first.
    /// Numbers are moved only where axes of more than one entry change places.
    func permutedBehindFirst(_ order: [Int]) -> Tensor {
        let inner = shape.dropFirst()
        let target = Shape([shape[0]] + order.map { inner[$0] })
        let blocks = Self.blocks(of: order.filter { inner[$0] != 1 }.map { ($0, inner[$0]) })
        // By where they stand now.
        var current = blocks.indices.sorted { blocks[$0].first < blocks[$1].first }
        guard current != Array(blocks.indices) else { return reshaped(target) }
        var moved = reshaped(Shape([shape[0]] + current.map { blocks[$0].extent }))
        for place in current.indices where current[place] != place {
            guard let other = current.firstIndex(of: place) else { continue }
            moved = moved.transposed(place - current.count, other - current.count)
            current.swapAt(place, other)
        }
        return moved.reshaped(target)
    }

    /// Runs of axes that stay next to each other, in their new order: the first axis of each and its numbers.
    private static func blocks(of axes: [(axis: Int, extent: Int)]) -> [(first: Int, extent: Int)] {
        let present = axes.map(\.axis).sorted()
        var blocks: [(first: Int, extent: Int)] = [], previous: Int?
        for (axis, extent) in axes {
            if let last = previous, let index = present.firstIndex(of: last), index + 1 < present.count,
                present[index + 1] == axis
            {
                blocks[blocks.count - 1].extent *= extent
            } else {
                blocks.append((axis, extent))
            }
            previous = axis
        }
        return blocks
    }
}
