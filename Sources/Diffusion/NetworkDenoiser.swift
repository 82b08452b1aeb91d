import Autodiff
import Layers
import Models

/// A network as a denoiser.
public struct NetworkDenoiser: Denoiser {
    public let levels: NoiseLevels
    private let state: ModelState
    private let parameters: [Tensor]
    private let prediction: Prediction

    /// - Parameter parameters: an average, say; nil: the state's own.
    public init(_ state: ModelState, parameters: Storage? = nil, _ process: DiffusionProcess) {
        precondition(state.model.predictsNoise, "NetworkDenoiser: the network is a classifier")
        self.state = state
        self.parameters = state.tensors(of: parameters ?? state.parameters)
        prediction = process.prediction
        levels = process.levels
    }

    public var input: Shape { state.model.input }
    public var classes: Int { state.model.classes }

    public func noise(in noisy: Tensor, times: [Int], classes: [Int]) -> Tensor {
        var context = state.context(.inference, parameters: parameters)
        let output = state.model.prediction(
            for: noisy, Conditioning(times: times.map { Double($0) }, classes: classes), &context)
        switch prediction {
        case .epsilon: return output
        case .v:
            // s x_t + a v = s (a x + s ε) + a (a ε − s x) = ε
            return noisy.scaled(times.map { levels.deviation[$0] }) + output.scaled(times.map { levels.signal[$0] })
        }
    }
}
