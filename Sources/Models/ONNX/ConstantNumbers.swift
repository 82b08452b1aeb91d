import Autodiff

extension GraphConstant.Numbers {
    /// The numbers at some places of these.
    func selected(_ places: [Int]) -> Self {
        switch self {
        case .floats(let numbers): .floats(places.map { numbers[$0] })
        case .integers(let numbers): .integers(places.map { numbers[$0] })
        case .absent: .absent
        }
    }
}

extension GraphConstant {
    /// As floating-point numbers; zeros where they are absent.
    var floats: [Float] {
        switch numbers {
        case .floats(let numbers): numbers
        case .integers(let numbers): numbers.map { Float($0) }
        case .absent: Array(repeating: 0, count: count)
        }
    }

    /// Numbers at the places `places` of these, under a shape.
    func selected(_ places: [Int], shape: [Int]) -> GraphConstant {
        var result = self
        result.shape = shape
        result.declared = shape
        result.numbers = numbers.selected(places)
        return result
    }

    /// The same numbers under a shape with as many.
    func reshaped(_ shape: [Int]) -> GraphConstant {
        var result = self
        result.shape = shape
        return result
    }

    /// Axis i of the result is axis `order[i]`.
    func permuted(_ order: [Int]) -> GraphConstant {
        let target = order.map { shape[$0] }
        guard order != Array(shape.indices) else { return self }
        guard !isAbsent else { return selected([], shape: target) }
        let strides = Self.strides(shape)
        // A matrix, which may be large, without a list of places.
        if rank == 2, case .floats(let numbers) = numbers {
            let (rows, columns) = (shape[0], shape[1])
            var result = selected([], shape: target)
            result.numbers = .floats(
                [Float](unsafeUninitializedCapacity: numbers.count) { out, count in
                    for column in 0..<columns {
                        for row in 0..<rows { out[column * rows + row] = numbers[row * columns + column] }
                    }
                    count = numbers.count
                })
            return result
        }
        return selected(Self.places(target, strides: order.map { strides[$0] }), shape: target)
    }

    /// The numbers repeated along axes of one entry, up to a shape that they fit.
    func broadcast(to target: [Int]) -> GraphConstant {
        guard target != shape else { return self }
        guard !isAbsent else { return selected([], shape: target) }
        let padded = Array(repeating: 1, count: target.count - rank) + shape
        let strides = zip(Self.strides(padded), padded).map { $1 == 1 ? 0 : $0 }
        return selected(Self.places(target, strides: strides), shape: target)
    }

    /// The first of `count` parts along an axis, which are all alike; nil where they are not.
    func part(of count: Int, along axis: Int) -> GraphConstant? {
        var target = shape
        target[axis] /= count
        guard !isAbsent else { return selected([], shape: target) }
        let strides = Self.strides(shape)
        func part(_ index: Int) -> GraphConstant {
            selected(Self.places(target, strides: strides, start: index * target[axis] * strides[axis]), shape: target)
        }
        let first = part(0)
        return (1..<count).allSatisfy { part($0).floats == first.floats } ? first : nil
    }

    /// Row-major strides.
    static func strides(_ shape: [Int]) -> [Int] {
        shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    }

    /// Places of a shape's entries, in order, where its axes have these strides.
    static func places(_ shape: [Int], strides: [Int], start: Int = 0) -> [Int] {
        var places = [start]
        for (extent, stride) in zip(shape, strides) {
            places = places.flatMap { place in (0..<extent).map { place + $0 * stride } }
        }
        return places
    }
}
