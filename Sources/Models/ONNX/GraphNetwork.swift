import Autodiff
import Kernels
import Layers

/// A translated ONNX graph: its operations one after the other.
struct GraphNetwork: Layer {
    /// What an operation reads.
    enum Operand {
        /// What an earlier operation has made.
        case slot(Int)
        /// A parameter, by declaration.
        case parameter(Int)
        /// Numbers that are not trained.
        case constant(Shape, [Scalar])
    }

    enum Action {
        case function(@Sendable ([Tensor]) -> Tensor)
        /// By the running statistics of that index, with weight and bias as the second and third input.
        case normalisation(statistics: Int, epsilon: Scalar)
    }

    struct Step {
        let inputs: [Operand]
        let output: Int
        let action: Action
    }

    private let steps: [Step]
    /// By step: slots that nothing reads any more after it.
    private let finished: [[Int]]
    private let slots: Int
    private let result: Int
    private let parameters: [ParameterSlot]
    private let statistics: [StatisticsSlot]

    init(_ steps: [Step], slots: Int, result: Int, parameters: [ParameterSlot], statistics: [StatisticsSlot]) {
        self.steps = steps
        self.slots = slots
        self.result = result
        self.parameters = parameters
        self.statistics = statistics
        var last: [Int: Int] = [:]
        for (index, step) in steps.enumerated() {
            last[step.output] = index
            for case .slot(let slot) in step.inputs { last[slot] = index }
        }
        var finished = Array(repeating: [Int](), count: steps.count)
        for (slot, index) in last where slot != result { finished[index].append(slot) }
        self.finished = finished
    }

    /// Images [B, H, W, C] stand in slot 0.
    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        var values = [Tensor?](repeating: nil, count: slots)
        values[0] = x
        for (step, finished) in zip(steps, finished) {
            let inputs = step.inputs.map { operand -> Tensor in
                switch operand {
                case .slot(let slot):
                    guard let value = values[slot] else { preconditionFailure("GraphNetwork: slot \(slot) is empty") }
                    return value
                case .parameter(let index): return context[parameters[index]]
                case .constant(let shape, let numbers): return Tensor(shape, numbers, in: x.pool)
                }
            }
            values[step.output] =
                switch step.action {
                case .function(let function): function(inputs)
                case .normalisation(let index, let epsilon):
                    BatchNormalisation(
                        weight: inputs[1], bias: inputs[2], running: statistics[index], epsilon: epsilon)(
                            inputs[0], &context)
                }
            for slot in finished { values[slot] = nil }
        }
        guard let result = values[result] else { preconditionFailure("GraphNetwork: there is no result") }
        return result
    }
}
