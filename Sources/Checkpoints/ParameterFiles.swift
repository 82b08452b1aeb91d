import Autodiff
import Failures
import Formats
import Kernels
import Layers
import Models

/// The passage between a model's vectors in memory and tensors in files under PyTorch's names and shapes.
public enum ParameterFiles {
    #if PAG_DOUBLE
        static let elementType = ElementType.float64
    #else
        static let elementType = ElementType.float32
    #endif

    /// A vector of parameters as tensors named `prefix` + the parameter's name, in declaration order.
    public static func tensors(_ vector: Storage, of state: ModelState, prefix: String = "") -> [TensorToWrite] {
        zip(state.model.parameters, state.tensors(of: vector)).map { declaration, tensor in
            let shape = fileShape(declaration)
            return TensorToWrite(name: prefix + declaration.name, elementType: elementType, shape: shape) { body in
                try reordered(tensor, declaration.layout).withUnsafeBytes(body)
            }
        }
    }

    /// The running statistics, three tensors a BatchNorm.
    public static func statistics(of state: ModelState) -> [TensorToWrite] {
        zip(state.model.statistics, state.runningTensors(of: state.statistics)).flatMap { declaration, running in
            [
                TensorToWrite(name: declaration.meanName, shape: [declaration.channels], values: running.mean.array),
                TensorToWrite(
                    name: declaration.varianceName, shape: [declaration.channels], values: running.variance.array),
                TensorToWrite(name: declaration.counterName, shape: [], values: [Int64(state.batchesTracked)]),
            ]
        }
    }

    /// Fills a vector of parameters from a file's tensors of `prefix` + name. Throws `badInput` naming the tensor that
    /// is missing or has another shape or type.
    public static func load(
        _ vector: Storage, of state: ModelState, from file: SafetensorsFile, prefix: String = ""
    ) throws {
        try load(vector, of: state, from: file) { prefix + $0 }
    }

    /// The same, where `name` says what the file calls a parameter; nil leaves it as it is.
    static func load(
        _ vector: Storage, of state: ModelState, from file: SafetensorsFile, name: (String) -> String?
    ) throws {
        for (declaration, tensor) in zip(state.model.parameters, state.tensors(of: vector)) {
            guard let name = name(declaration.name) else { continue }
            let values: [Scalar] = try file.values(of: name, shape: fileShape(declaration))
            place(values, declaration, in: tensor.storage)
        }
    }

    /// Throws what `load` would throw, without memory for the numbers: a description may claim any size.
    public static func check(
        _ model: Model, in file: SafetensorsFile, name: (String) -> String? = { $0 }
    ) throws {
        for declaration in model.parameters {
            if let name = name(declaration.name) { _ = try file.entry(name, shape: fileShape(declaration)) }
        }
    }

    /// Fills the running statistics from a file. A missing counter is taken as 0, as older PyTorch files have none.
    public static func loadStatistics(of state: ModelState, from file: SafetensorsFile, prefix: String = "") throws {
        try loadStatistics(of: state, from: file) { prefix + $0 }
    }

    /// The same, where `name` says what the file calls a statistic; nil leaves it as it is.
    static func loadStatistics(
        of state: ModelState, from file: SafetensorsFile, name: (String) -> String?
    ) throws {
        for (declaration, running) in zip(state.model.statistics, state.runningTensors(of: state.statistics)) {
            let shape = [declaration.channels]
            if let name = name(declaration.meanName) {
                let mean: [Scalar] = try file.values(of: name, shape: shape)
                running.mean.storage.pointer.update(from: mean, count: mean.count)
            }
            if let name = name(declaration.varianceName) {
                let variance: [Scalar] = try file.values(of: name, shape: shape)
                running.variance.storage.pointer.update(from: variance, count: variance.count)
            }
            if let name = name(declaration.counterName), let entry = file.entry(name) {
                state.batchesTracked = try counter(entry, in: file)
            }
        }
    }

    /// One number; some programs give it an axis, or make it a floating-point number with all others.
    private static func counter(_ entry: SafetensorsEntry, in file: SafetensorsFile) throws -> Int {
        let shape = entry.shape == [1] ? [1] : []
        guard [.float16, .bfloat16, .float32, .float64].contains(entry.elementType) else {
            let counted: [Int64] = try file.values(of: entry.name, shape: shape)
            return Int(clamping: max(0, counted[0]))
        }
        let counted: [Double] = try file.values(of: entry.name, shape: shape)
        guard let whole = Int(exactly: counted[0]), whole >= 0 else {
            throw Failure.badInput(
                "\(file.path): tensor \(entry.name.quoted)", "counts \(counted[0]) batches", expected: "a whole number")
        }
        return whole
    }

    /// The gradient or value of one parameter in the file's order of numbers.
    public static func reordered(_ tensor: Tensor, _ layout: FileLayout) -> [Scalar] {
        switch layout {
        case .asInMemory: tensor.array
        case .filters: tensor.detached.channelsFirst().array
        case .transposed: tensor.detached.transposed(-2, -1).array
        }
    }

    static func fileShape(_ declaration: ParameterDeclaration) -> [Int] {
        let shape = declaration.shape.extents
        return switch declaration.layout {
        case .asInMemory: shape
        case .filters: [shape[0], shape[3], shape[1], shape[2]]
        case .transposed: [shape[1], shape[0]]
        }
    }

    private static func place(_ values: [Scalar], _ declaration: ParameterDeclaration, in storage: Storage) {
        switch declaration.layout {
        case .asInMemory: storage.pointer.update(from: values, count: values.count)
        case .filters:
            let file = Tensor(Shape(fileShape(declaration)), values, in: storage.pool)
            let memory = file.channelsLast()
            storage.pointer.update(from: memory.pointer, count: values.count)
        case .transposed:
            let memory = Tensor(Shape(fileShape(declaration)), values, in: storage.pool).transposed(-2, -1)
            storage.pointer.update(from: memory.pointer, count: values.count)
        }
    }
}
