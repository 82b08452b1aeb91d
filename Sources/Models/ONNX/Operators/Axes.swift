import Failures

/// How nodes say which axes and extents they mean; it differs between versions of the operators.
extension NodeTranslation {
    /// The axes of a second input, or of a setting in older versions; nil where there are none.
    func axesList() throws -> [Int]? { has(1) ? try integers(1) : try integerList("axes") }

    /// The axis of the input of each axis of the output; reversed where it is not said.
    func permutation(of rank: Int) throws -> [Int] {
        let permutation = try integerList("perm") ?? Array((0..<rank).reversed())
        guard permutation.sorted() == Array(0..<rank) else { throw refusal("perm \(permutation) of \(rank) axes") }
        return permutation
    }

    /// Where new axes of one entry stand in the output.
    func unsqueezedAxes(rank: Int) throws -> Set<Int> {
        guard let axes = try axesList() else { throw refusal("it has no axes") }
        let places = Set(try axes.map { try axis($0, of: rank + axes.count) })
        guard places.count == axes.count else { throw refusal("axes \(axes)") }
        return places
    }

    /// The extents that `Reshape` asks for: 0 stands for the input's, -1 for what is left.
    func targetShape(of shape: [Int], _ wanted: [Int]) throws -> [Int] {
        let keepsZeros = try integer("allowzero") == 1
        var target = try wanted.enumerated().map { index, extent -> Int in
            guard extent == 0, !keepsZeros else { return extent }
            guard index < shape.count else { throw refusal("shape \(wanted) of \(shape)") }
            return shape[index]
        }
        let total = try product(shape)
        if let open = target.firstIndex(of: -1) {
            target[open] = 1
            let known = try product(target)
            guard known > 0, total % known == 0 else { throw refusal("\(shape) as \(wanted)") }
            target[open] = total / known
        }
        guard target.allSatisfy({ $0 >= 0 }), try product(target) == total else {
            throw refusal("\(shape) as \(wanted)")
        }
        return target
    }

    func product(_ extents: [Int]) throws -> Int {
        try extents.reduce(1) {
            let (product, overflow) = $0.multipliedReportingOverflow(by: $1)
            guard !overflow else { throw refusal("shape \(extents)") }
            return product
        }
    }

    /// The entries that `Slice` takes along each of its axes.
    func slices(of shape: [Int], extent: (Int) -> Int) throws -> [(axis: Int, places: [Int])] {
        let isOld = operatorSet < 10
        guard let starts = isOld ? try integerList("starts") : try integers(1),
            let ends = isOld ? try integerList("ends") : try integers(2)
        else { throw refusal("it has no bounds") }
        let axes = try isOld ? integerList("axes") : has(3) ? integers(3) : nil
        let steps = try !isOld && has(4) ? integers(4) : starts.map { _ in 1 }
        let chosen = try (axes ?? Array(starts.indices)).map { try axis($0, of: shape.count) }
        guard starts.count == ends.count, starts.count == chosen.count, steps.count == starts.count,
            Set(chosen).count == chosen.count, !steps.contains(0), !steps.contains(Int.min)
        else { throw refusal("bounds \(starts.prefix(8)), \(ends.prefix(8)) of axes \(chosen.prefix(8))") }
        return starts.indices.map { index in
            let step = steps[index], extent = extent(chosen[index])
            func bound(_ value: Int) -> Int {
                let place = value < 0 ? value + extent : value
                return step > 0 ? min(max(place, 0), extent) : min(max(place, -1), extent - 1)
            }
            let start = bound(starts[index])
            // An end before the first entry is below any negative number that counts from the end.
            let end = step < 0 && ends[index] < -extent ? -1 : bound(ends[index])
            return (chosen[index], Array(stride(from: start, to: end, by: step)))
        }
    }

    /// The value of `Shape`.
    func shape(of shape: [Int]) throws -> GraphConstant {
        func bound(_ name: String, _ standard: Int) throws -> Int {
            let value = try integer(name) ?? standard
            return min(max(value < 0 ? value + shape.count : value, 0), shape.count)
        }
        let start = try bound("start", 0), end = try max(start, bound("end", shape.count))
        return GraphConstant([end - start], integers: shape[start..<end].map { Int64($0) })
    }
}
