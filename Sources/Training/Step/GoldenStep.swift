import Autodiff
import Checkpoints
import Configuration
import Failures
import Formats
import Kernels
import Models

/// One training step that another framework has computed: replayed here, and compared tensor by tensor.
public struct GoldenStep {
    /// Largest difference relative to the tensor's largest magnitude that counts as agreement.
    #if PAG_DOUBLE
        public static let tolerance = 1e-9
    #else
        public static let tolerance = 2e-4
    #endif

    /// How far a tensor is from what the file expects, relative to its largest number.
    public struct Comparison: Sendable {
        public let tensor: String
        /// The largest difference, as a part of the expected tensor's largest magnitude.
        public let relativeError: Double
        public var agrees: Bool { relativeError <= GoldenStep.tolerance }
    }

    /// How near the step's gradient, all parameters together, is to the expected one.
    public struct Replay: Sendable {
        public let comparisons: [Comparison]
        /// The cosine of the two; nil where the file expects no gradient, or one of zeros.
        public let gradientCosine: Double?
    }

    /// The least cosine that counts as agreement where factors are rounded to bfloat16.
    public static let roundedCosine = 0.999

    private let file: SafetensorsFile
    private let model: Model
    private let objective: ClassificationObjective
    private let statistics: StatisticsMode
    private let shape: [Int]

    /// Opens a golden file. Throws `badInput` naming what is missing, unknown or of the wrong shape.
    public init(path: String) throws {
        let file = try SafetensorsFile(path: path)
        guard file.metadata["format_version"] == nil else {
            throw Failure.badInput(path, "is a checkpoint", expected: "a training step that PyTorch has computed")
        }
        func metadata(_ key: String) throws -> String {
            guard let value = file.metadata[key] else { throw Failure.badInput(path, "no metadata \"\(key)\"") }
            return value
        }
        func choice<Choice: RawRepresentable & CaseIterable>(_ key: String) throws -> Choice
        where Choice.RawValue == String {
            let text = try metadata(key)
            guard let choice = Choice(rawValue: text) else {
                throw Failure.badInput(
                    path, "\(key) \(text.quoted)", expected: Choice.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return choice
        }
        guard let weight = Double(try metadata("lambda")), weight.isFinite else {
            throw Failure.badInput(path, "lambda is not a number")
        }
        let gradients = try file.entry("g", shape: nil).shape
        guard gradients.count == 5, gradients.allSatisfy({ (1...4096).contains($0) }) else {
            throw Failure.badInput(path, "g has shape \(gradients)", expected: "[B, C, channels, H, W]")
        }
        let configuration: ModelConfiguration = try Configuration.read(
            text: try metadata("model"), source: "\(path): model")
        self.file = file
        shape = gradients
        model = try configuration.model(input: [gradients[3], gradients[4], gradients[2]], classes: gradients[1])
        guard !model.predictsNoise else { throw Failure.badInput(path, "model is a denoiser, expected a classifier") }
        // Before there is memory for what the file claims.
        try ParameterFiles.check(model, in: file) { "param." + $0 }
        try ParameterFiles.requireKnown(file, Self.names(of: model))
        statistics = try choice("statistics")
        objective = ClassificationObjective(
            AlignedGradients(),
            with: AlignmentTerm(weight: weight, gradient: try choice("gradient"), statistics: statistics))
    }

    /// All tensors that a golden file of the network can have.
    private static func names(of model: Model) -> Set<String> {
        let network = ParameterFiles.names(of: model)
        let figures = ["logits", "input_grad", "ce", "alignment", "loss"].map { "expect.\($0)" }
        return Set(["x", "g", "y"] + figures)
            .union(network.flatMap { ["param.\($0)", "expect.grad.\($0)", "expect.buffer.\($0)"] })
    }

    /// Runs the step and compares everything that the file expects. Throws `badInput` for wrong shapes and labels.
    /// - Parameter unit: as of an `Execution`.
    public func replay(products: ProductPrecision = .float32, unit: BFloat16Unit = .best) throws -> Replay {
        let pool = MemoryPool(for: Execution(products: products, unit: unit))
        let state = ModelState(model, in: pool)
        try ParameterFiles.load(state.parameters, of: state, from: file, prefix: "param.")
        try ParameterFiles.loadStatistics(of: state, from: file, prefix: "param.")

        let (batch, classes) = (shape[0], shape[1]), image = [shape[2], shape[3], shape[4]]
        let x: [Scalar] = try file.values(of: "x", shape: [batch] + image)
        let g: [Scalar] = try file.values(of: "g", shape: shape)
        let y: [Int64] = try file.values(of: "y", shape: [batch])
        guard y.allSatisfy({ (0..<Int64(classes)).contains($0) }) else {
            throw Failure.badInput(file.path, "a label outside 0..<\(classes)")
        }
        let images = Tensor(Shape([batch] + image), x, in: pool).channelsLast()
        let targets = Tensor(Shape(shape), g, in: pool).channelsLast().transposed(-5, -4)
        let (result, gradients) = objective.evaluate(
            LabelledImages(
                images: images, labels: y.map { Int($0) }, targets: targets,
                classes: (0..<classes).map { Array(repeating: $0, count: batch) }),
            state, batch: batch)

        // A gradient that is zero by symmetry (attention's key bias) is rounding noise in the file: what is below
        // float64's precision beside the largest gradient is measured against that one.
        let largestGradient = try file.entries.filter { $0.name.hasPrefix("expect.grad.") }
            .flatMap { entry -> [Double] in try file.values(of: entry.name) }
            .reduce(0) { max($0, abs($1)) }
        var comparisons: [Comparison] = []
        func compare(_ name: String, _ actual: [Scalar]) throws {
            guard file.entry("expect." + name) != nil else { return }
            let expected: [Double] = try file.values(of: "expect." + name)
            guard expected.count == actual.count else {
                throw Failure.badInput(file.path, "expect.\(name) has \(expected.count) numbers, not \(actual.count)")
            }
            let scale = name.hasPrefix("grad.") ? largestGradient : 0
            comparisons.append(
                Comparison(tensor: name, relativeError: relativeError(actual, expected, besideGradients: scale)))
        }
        if let logits = result.logits { try compare("logits", logits.array) }
        if let inputGradients = result.inputGradients {
            try compare("input_grad", inputGradients.transposed(-5, -4).channelsFirst().array)
        }
        try compare("ce", [Scalar(result.figures[.crossEntropy].sum / Double(batch))])
        try compare("alignment", [Scalar(result.figures[.alignment].sum / Double(batch))])
        try compare("loss", [result.loss])
        var angle = Angle()
        for (declaration, gradient) in zip(model.parameters, gradients) {
            let name = "grad." + declaration.name, actual = ParameterFiles.reordered(gradient, declaration.layout)
            try compare(name, actual)
            if file.entry("expect." + name) != nil { angle.add(actual, try file.values(of: "expect." + name)) }
        }
        if statistics != .eval {
            var seen: [Scalar] = []
            for case let statistics? in result.seen { seen += statistics.mean.array + statistics.variance.array }
            state.commit(seen: seen)
            for (declaration, running) in zip(model.statistics, state.runningTensors(of: state.statistics)) {
                try compare("buffer." + declaration.meanName, running.mean.array)
                try compare("buffer." + declaration.varianceName, running.variance.array)
            }
        }
        guard !comparisons.isEmpty else { throw Failure.badInput(file.path, "no tensor expect.* to compare with") }
        return Replay(comparisons: comparisons, gradientCosine: angle.cosine)
    }

    /// Between two vectors that come in parts.
    private struct Angle {
        private var product = 0.0, squares = (0.0, 0.0)

        mutating func add(_ actual: [Scalar], _ expected: [Double]) {
            for (a, e) in zip(actual, expected) {
                product += Double(a) * e
                squares.0 += Double(a) * Double(a)
                squares.1 += e * e
            }
        }

        var cosine: Double? { squares.1 > 0 ? product / (squares.0 * squares.1).squareRoot() : nil }
    }

    private func relativeError(_ actual: [Scalar], _ expected: [Double], besideGradients scale: Double) -> Double {
        var largest = 0.0, error = 0.0
        for (a, e) in zip(actual, expected) {
            let difference = abs(Double(a) - e)
            if !(difference <= error) { error = difference.isNaN ? .infinity : difference }
            largest = max(largest, abs(e))
        }
        if largest < 1e-12 * scale { return error / scale }
        return largest > 0 ? error / largest : error
    }
}
