import ONNX

/// What a name of an ONNX graph stands for while the graph is translated.
enum GraphValue {
    case constant(GraphConstant)
    case activation(GraphActivation)
}

/// Numbers that are the same for all images.
struct GraphConstant {
    enum Numbers {
        case floats([Float])
        /// Truth values are 0 and 1.
        case integers([Int64])
        /// Floating-point numbers that a checkpoint has instead of the graph.
        case absent
    }

    var shape: [Int]
    var numbers: Numbers
    /// What the parameter is called that it is, nil for what is not trained.
    var name: String?
    /// The shape that the parameter is declared with; `shape` is how the same numbers are seen.
    var declared: [Int]

    var count: Int { shape.reduce(1, *) }
    var rank: Int { shape.count }
    var isFloat: Bool { if case .integers = numbers { false } else { true } }
    var isAbsent: Bool { if case .absent = numbers { true } else { false } }

    init(_ shape: [Int], floats: [Float], name: String? = nil) {
        self.shape = shape
        declared = shape
        numbers = .floats(floats)
        self.name = name
    }
    init(_ shape: [Int], integers: [Int64]) {
        self.shape = shape
        declared = shape
        numbers = .integers(integers)
    }
    init(_ shape: [Int], absent name: String) {
        self.shape = shape
        declared = shape
        numbers = .absent
        self.name = name
    }
}

/// A tensor of the network: some numbers for each image.
///
/// Along the axis `batch` the graph's tensor has `shape[batch]` entries for each image, those of an image next to each
/// other; all other extents are the graph's. In memory the images come first, and then the axes in the order `order`, so
/// that a transposition moves nothing until someone needs it; the axis `batch` is among them only where an image has
/// more than one entry.
///
/// Where a graph merges an axis before the images' with theirs, `outer` is the extent of that axis, which in memory is
/// `outerAxis`.
struct GraphActivation {
    let slot: Int
    let shape: [Int]
    let batch: Int
    let order: [Int]
    let outer: Int

    init(slot: Int, shape: [Int], batch: Int, order: [Int], outer: Int = 1) {
        self.slot = slot
        self.shape = shape
        self.batch = batch
        self.order = order
        self.outer = outer
    }

    static let outerAxis = -1

    var rank: Int { shape.count }
    /// Entries before an image's first.
    var before: Int { shape[..<batch].reduce(1, *) * outer }
    /// Extents in memory, without the images.
    var extents: [Int] { order.map(extent) }
    /// Of an axis in memory.
    func extent(_ axis: Int) -> Int { axis == Self.outerAxis ? outer : shape[axis] }
    /// Where an axis of the graph's stands in memory, from the end.
    func place(_ axis: Int) -> Int? { order.firstIndex(of: axis).map { $0 - order.count } }

    /// The graph's own order of axes.
    static func naturalOrder(_ shape: [Int], batch: Int, outer: Int = 1) -> [Int] {
        shape.indices.flatMap { axis in
            axis != batch ? [axis] : (outer == 1 ? [] : [outerAxis]) + (shape[batch] == 1 ? [] : [batch])
        }
    }
    var naturalOrder: [Int] { Self.naturalOrder(shape, batch: batch, outer: outer) }
    /// The same with some axes last.
    func order(last: [Int]) -> [Int] { naturalOrder.filter { !last.contains($0) } + last }
}
