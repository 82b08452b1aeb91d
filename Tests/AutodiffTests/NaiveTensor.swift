/// A tensor of Doubles that is read index by index: what the references are written in.
struct NaiveTensor {
    let extents: [Int]
    private(set) var values: [Double]

    init(_ extents: [Int], values: [Double]) {
        precondition(values.count == extents.reduce(1, *), "NaiveTensor: \(values.count) numbers for \(extents)")
        self.extents = extents
        self.values = values
    }

    init(_ extents: [Int], _ value: ([Int]) -> Double) {
        self.init(extents, values: Self.indices(extents).map(value))
    }

    /// All indices in row-major order.
    static func indices(_ extents: [Int]) -> [[Int]] {
        extents.reduce([[]]) { indices, extent in indices.flatMap { index in (0..<extent).map { index + [$0] } } }
    }

    private func offset(_ index: [Int]) -> Int {
        zip(index, extents).reduce(0) { sum, axis in
            precondition(axis.0 >= 0 && axis.0 < axis.1, "NaiveTensor: \(index) of \(extents)")
            return sum * axis.1 + axis.0
        }
    }

    subscript(_ index: [Int]) -> Double {
        get { values[offset(index)] }
        set { values[offset(index)] = newValue }
    }
    subscript(_ index: Int...) -> Double {
        get { self[index] }
        set { self[index] = newValue }
    }

    /// The number that broadcasting puts at an index of a larger shape.
    func repeated(at index: [Int]) -> Double {
        self[zip(index.suffix(extents.count), extents).map { $1 == 1 ? 0 : $0 }]
    }

    func map(_ transform: (Double) -> Double) -> NaiveTensor {
        NaiveTensor(extents, values: values.map(transform))
    }

    func reshaped(_ extents: [Int]) -> NaiveTensor { NaiveTensor(extents, values: values) }
}
