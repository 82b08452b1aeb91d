import Autodiff
import Failures
import Kernels
import Layers
import ONNX

/// Collects what the operators of an ONNX graph make: operations, parameters, running statistics.
final class GraphBuilder {
    typealias Operand = GraphNetwork.Operand

    /// A parameter as it will be declared.
    struct Parameter {
        let name: String
        let shape: Shape
        let layout: FileLayout
        /// In the order of memory; nil where a checkpoint has them.
        let numbers: [Float]?
    }

    /// A BatchNorm's running statistics.
    struct Statistics {
        let meanName: String
        let varianceName: String
        var counterName: String { "\(meanName).batches" }
        let channels: Int
        let numbers: (mean: [Float], variance: [Float])?
    }

    let file: ONNXFile
    /// What stands for the number of images in the graph's shapes: what the file fixes it at, or a prime that is no
    /// extent of a network, so that what is computed with shapes shows in which axis images are.
    let images: Int
    private(set) var steps: [GraphNetwork.Step] = []
    private(set) var slots = 1
    private(set) var parameters: [Parameter] = []
    private(set) var statistics: [Statistics] = []
    /// Numbers of an image's largest tensor.
    private(set) var largest = 0
    /// Numbers of constants that were made here.
    private var made = 0

    static let anyNumberOfImages = 1009

    /// - Parameter images: nil where the file leaves their number open.
    init(_ file: ONNXFile, images: Int?) {
        self.file = file
        self.images = images ?? Self.anyNumberOfImages
    }

    /// A tensor of the file. Numbers of which there are several are a parameter where `isTrained` says so.
    func constant(_ tensor: ONNXTensor, isTrained: Bool) throws -> GraphConstant {
        switch tensor.element {
        case .float32, .float64, .float16, .bfloat16:
            let name = isTrained && tensor.count > 1 ? tensor.name : nil
            if let name, tensor.isAbsent { return GraphConstant(tensor.shape, absent: name) }
            return GraphConstant(tensor.shape, floats: try file.floats(of: tensor), name: name)
        default: return GraphConstant(tensor.shape, integers: try file.integers(of: tensor))
        }
    }

    /// Whether so many more numbers of constants may be made of what the file says: no network needs many.
    func admits(_ count: Int) -> Bool {
        made += count
        return made <= 1 << 26
    }

    // MARK: What operators make

    /// Adds an operation, whose result has the shape in the graph, and the order in memory.
    func emit(
        _ inputs: [Operand], _ shape: [Int], batch: Int, order: [Int], outer: Int = 1,
        _ action: GraphNetwork.Action
    ) -> GraphActivation {
        let numbers = shape.reduce(outer) { $0.multipliedReportingOverflow(by: $1).overflow ? Int.max : $0 &* $1 }
        largest = max(largest, numbers)
        steps.append(GraphNetwork.Step(inputs: inputs, output: slots, action: action))
        slots += 1
        return GraphActivation(slot: slots - 1, shape: shape, batch: batch, order: order, outer: outer)
    }

    func emit(
        _ inputs: [Operand], _ shape: [Int], batch: Int, order: [Int], outer: Int = 1,
        _ function: @escaping @Sendable ([Tensor]) -> Tensor
    ) -> GraphActivation {
        emit(inputs, shape, batch: batch, order: order, outer: outer, .function(function))
    }

    /// The same numbers with their axes in another order in memory.
    func arranged(_ x: GraphActivation, _ order: [Int]) -> GraphActivation {
        guard x.order != order else { return x }
        let permutation = order.map { axis in
            guard let place = x.order.firstIndex(of: axis) else {
                preconditionFailure("GraphBuilder: axis \(axis) of \(x.order)")
            }
            return place
        }
        return emit([.slot(x.slot)], x.shape, batch: x.batch, order: order, outer: x.outer) { x in
            x[0].permutedBehindFirst(permutation)
        }
    }

    /// Where an operation reads a parameter, or numbers that are not trained. Throws where two operations need the
    /// same parameter in two forms.
    func operand(_ constant: GraphConstant, _ layout: FileLayout = .asInMemory) throws -> Operand {
        let shape = constant.shape
        let memory: Shape =
            switch layout {
            case .asInMemory: constant.name == nil ? Shape(shape) : Shape(constant.declared)
            case .filters: [shape[0], shape[2], shape[3], shape[1]]
            case .transposed: [shape[1], shape[0]]
            }
        func numbers() -> [Float] {
            switch layout {
            case .asInMemory: constant.floats
            case .filters: constant.permuted([0, 2, 3, 1]).floats
            case .transposed: constant.permuted([1, 0]).floats
            }
        }
        guard let name = constant.name else {
            guard !constant.isAbsent else { throw Failure.badInput(file.path, "a constant has no numbers") }
            return .constant(memory, numbers().map { Scalar($0) })
        }
        if let index = parameters.firstIndex(where: { $0.name == name }) {
            guard parameters[index].shape == memory, parameters[index].layout == layout else {
                throw Failure.badInput(
                    file.path,
                    "\(name.debugDescription.prefix(80)) is used by operators that need it in different forms")
            }
            return .parameter(index)
        }
        parameters.append(
            Parameter(name: name, shape: memory, layout: layout, numbers: constant.isAbsent ? nil : numbers()))
        return .parameter(parameters.count - 1)
    }

    /// Whether a parameter or a running statistic has that name already.
    func declares(_ name: String) -> Bool {
        parameters.contains { $0.name == name }
            || statistics.contains { $0.meanName == name || $0.varianceName == name }
    }

    /// Declares running statistics, which have names that nothing else has; returns their index.
    func statistics(_ mean: GraphConstant, _ variance: GraphConstant) -> Int {
        guard let meanName = mean.name, let varianceName = variance.name else {
            preconditionFailure("GraphBuilder: statistics without a name")
        }
        var numbers: (mean: [Float], variance: [Float])?
        if case (.floats(let means), .floats(let variances)) = (mean.numbers, variance.numbers) {
            numbers = (means, variances)
        }
        statistics.append(
            Statistics(meanName: meanName, varianceName: varianceName, channels: mean.count, numbers: numbers))
        return statistics.count - 1
    }

    /// A constant as it stands beside an activation of a shape and order: without axes for images.
    func operand(
        _ constant: GraphConstant, beside shape: [Int], batch: Int, order: [Int]
    ) throws -> Operand {
        let padded = Array(repeating: 1, count: shape.count - constant.rank) + constant.shape
        // Along an axis that is merged with the images' it is the same.
        func extent(_ axis: Int) -> Int { axis == GraphActivation.outerAxis ? 1 : padded[axis] }
        let extents = Shape(order.map(extent))
        let natural = GraphActivation.naturalOrder(
            shape, batch: batch, outer: order.contains(GraphActivation.outerAxis) ? 2 : 1)
        let permutation = order.map { natural.firstIndex(of: $0) ?? 0 }
        guard constant.name != nil else {
            let whole = constant.reshaped(natural.map(extent))
            return .constant(extents, whole.permuted(permutation).floats.map { Scalar($0) })
        }
        let parameter = try operand(constant)
        guard extents.extents != constant.declared else { return parameter }
        let before = Shape([1] + natural.map(extent))
        return .slot(
            emit([parameter], shape, batch: batch, order: order) { x in
                x[0].reshaped(before).permutedBehindFirst(permutation).reshaped(extents)
            }.slot)
    }
}
