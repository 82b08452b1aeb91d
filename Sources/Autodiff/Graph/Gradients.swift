/// Gradients of `output` with respect to `variables`, by reverse accumulation.
///
/// - Parameters:
///   - seed: the cotangent of the output, shape `lead + output.shape`; ones if nil. Leading axes (classes) ride along:
///     each result has shape `lead + variable.shape`, all from one pass over the shared graph.
///   - recording: the results can be differentiated again.
///   - statistics: what BatchNorm's batch statistics are in this pass.
///   - releasing: frees what the graph kept as the pass goes; the graph cannot be used afterwards.
public func gradients(
    of output: Tensor, seed: Tensor? = nil, with variables: [Tensor], recording: Bool = false,
    statistics: BatchStatistics = .perClass, releasing: Bool = false
) -> [Tensor] {
    var results: [Tensor?] = Array(repeating: nil, count: variables.count)
    deliverGradients(
        of: output, seed: seed, with: variables, recording: recording, statistics: statistics, releasing: releasing
    ) { results[$0] = $1 }
    return results.map { result in
        guard let result else { preconditionFailure("gradients: a variable was left out") }
        return result
    }
}

/// The same, but each gradient is handed over, once, with its variable's number, as soon as nothing more will be added
/// to it: with layers one after the other, the last layer's first, while the pass goes on to those before.
public func deliverGradients(
    of output: Tensor, seed: Tensor? = nil, with variables: [Tensor], recording: Bool = false,
    statistics: BatchStatistics = .perClass, releasing: Bool = false, to receive: (Int, Tensor) throws -> Void
) rethrows {
    var pass = BackwardPass(
        Subgraph(from: [output.node].compactMap(\.self), to: variables, statistics), statistics, recording: recording,
        releasing: releasing)
    pass.begin(at: output, seed: seed)
    try pass.run(delivering: variables, in: output.pool, to: receive)
}
