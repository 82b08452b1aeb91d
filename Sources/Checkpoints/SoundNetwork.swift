import Autodiff
import Failures
import Kernels
import Models

extension ParameterFiles {
    /// Throws `badInput` naming the file and the first tensor of a network that can compute nothing: one with numbers
    /// that are not finite, or with negative running variances.
    /// - Parameter parameters: those that are used; nil for the state's own.
    public static func requireSound(_ state: ModelState, parameters: Storage? = nil, of path: String) throws {
        func require(_ name: String, _ values: Tensor, _ problem: String, _ holds: (Scalar) -> Bool) throws {
            let wrong = values.array.count { !holds($0) }
            guard wrong > 0 else { return }
            throw Failure.badInput(path, "tensor \(name): \(wrong) of \(values.shape.count) numbers are \(problem)")
        }
        for (declaration, tensor) in zip(state.model.parameters, state.tensors(of: parameters ?? state.parameters)) {
            try require(declaration.name, tensor, "not finite") { $0.isFinite }
        }
        for (declaration, running) in zip(state.model.statistics, state.runningTensors(of: state.statistics)) {
            try require(declaration.meanName, running.mean, "not finite") { $0.isFinite }
            try require(declaration.varianceName, running.variance, "no variances") { $0.isFinite && $0 >= 0 }
        }
    }
}
