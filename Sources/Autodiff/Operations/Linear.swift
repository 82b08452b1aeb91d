import Kernels

/// y[..., out] = x[..., in] w[out, in]ᵀ. With its two transposes it forms a family closed under differentiation: each
/// derivative of each member is one of the members.
struct Linear: ProductOperation, FactorOperation {
    /// Whether the axis before the last counts tokens of an image, and not images.
    let hasTokens: Bool
    let name = "linear", hasFilters = true
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (input, weight) = (x[0], x[1])
        precondition(
            weight.shape.rank == 2 && input.shape[-1] == weight.shape[1],
            "linear: input \(input.shape), weight \(weight.shape)")
        let (out, width) = (weight.shape[0], weight.shape[1]), rows = input.shape.count / max(1, width)
        return Tensor(input.shape.prefix(input.shape.rank - 1) + [out], in: input.pool) {
            products(input, rows: rows, hasTokens: hasTokens, .forward, weight, $0)
        }
    }
    func multiplications(_ inputs: [Shape]) -> Int { inputs[0].count * inputs[1][0] }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [
            p.wanted[0] ? apply(LinearInputGradient(hasTokens: hasTokens), [p.cotangent, p.input(1)]) : nil,
            p.wanted[1]
                ? p.perLeadingIndex { apply(LinearWeightGradient(hasTokens: hasTokens), [$0, p.input(0)]) } : nil,
        ]
    }
    func convolution(of inputs: [Shape]) -> EngineConvolution? {
        tokenConvolution(.forward, inputs[0], hasTokens, inputs: inputs[1][1], outputs: inputs[1][0])
    }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        cut.follows(0, before: hasTokens ? 2 : 1) && !cut.follows(1) ? self : nil
    }
}

/// dx[..., in] = dy[..., out] w[out, in]
struct LinearInputGradient: FactorOperation {
    let hasTokens: Bool
    let name = "linear input gradient", hasFilters = true
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, weight) = (x[0], x[1])
        precondition(
            weight.shape.rank == 2 && dy.shape[-1] == weight.shape[0],
            "linear input gradient: cotangent \(dy.shape), weight \(weight.shape)")
        let (out, width) = (weight.shape[0], weight.shape[1]), rows = dy.shape.count / max(1, out)
        return Tensor(dy.shape.prefix(dy.shape.rank - 1) + [width], in: dy.pool) {
            products(dy, rows: rows, hasTokens: hasTokens, .inputGradient, weight, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [
            p.wanted[0] ? apply(Linear(hasTokens: hasTokens), [p.cotangent, p.input(1)]) : nil,
            p.wanted[1]
                ? p.perLeadingIndex { apply(LinearWeightGradient(hasTokens: hasTokens), [p.input(0), $0]) } : nil,
        ]
    }
    func convolution(of inputs: [Shape]) -> EngineConvolution? {
        tokenConvolution(.inputGradient, inputs[0], hasTokens, inputs: inputs[1][1], outputs: inputs[1][0])
    }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        cut.follows(0, before: hasTokens ? 2 : 1) && !cut.follows(1) ? self : nil
    }
}

/// dw[out, in] = dyᵀ x, summed over all rows.
struct LinearWeightGradient: FactorOperation {
    let hasTokens: Bool
    let name = "linear weight gradient", hasFilters = false
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, input) = (x[0], x[1]), (out, width) = (dy.shape[-1], input.shape[-1])
        precondition(
            dy.shape.prefix(dy.shape.rank - 1) == input.shape.prefix(input.shape.rank - 1),
            "linear weight gradient: cotangent \(dy.shape), input \(input.shape)")
        let rows = dy.shape.count / max(1, out), engine = dy.execution.convolution
        return Tensor([out, width], in: dy.pool) { dw in
            guard let g = convolution(of: x.map(\.shape))?.geometry, engine.method(g, .weightGradient).roundsFactors
            else {
                return BLAS.gemm(
                    transposeA: true, m: out, n: width, k: rows, dy.pointer, stride: out, input.pointer, stride: width,
                    dw, stride: width)
            }
            let scratch = Storage(count: engine.scratchCount(g, .weightGradient), in: dy.pool)
            withExtendedLifetime(scratch) {
                engine.weightGradient(g, input.pointer, dy.pointer, dw, scratch: scratch.pointer)
            }
        }
    }
    func convolution(of inputs: [Shape]) -> EngineConvolution? {
        tokenConvolution(.weightGradient, inputs[0], hasTokens, inputs: inputs[1][-1], outputs: inputs[0][-1])
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [
            p.wanted[0] ? p.perLeadingIndex { apply(Linear(hasTokens: hasTokens), [p.input(1), $0]) } : nil,
            p.wanted[1]
                ? p.perLeadingIndex { apply(LinearInputGradient(hasTokens: hasTokens), [p.input(0), $0]) } : nil,
        ]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { nil }
}

extension Pullback {
    /// Runs `body` on the cotangent of each leading index and stacks the results: for rules whose operation has no room
    /// for leading axes, because it sums over them or because they stand at its weights.
    func perLeadingIndex(_ body: (Tensor) -> Tensor) -> Tensor { perLeadingIndex(of: cotangent, body) }

    /// The same of a tensor with the cotangent's shape.
    func perLeadingIndex(of cotangent: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
        if lead == 0 { return body(cotangent) }
        let count = leadShape.count, flat = cotangent.reshaped([count] + outputShape)
        var total: Tensor?
        for i in 0..<count {
            let part = body(flat.sliced(i..<(i + 1), axis: -flat.shape.rank).reshaped(outputShape))
            let placed = part.reshaped([1] + part.shape).embedded(at: i, of: count, axis: -(part.shape.rank + 1))
            total = total.map { $0 + placed } ?? placed
        }
        guard let total else { preconditionFailure("\(operation.name): cotangent \(cotangent.shape) has no rows") }
        return total.reshaped(leadShape + total.shape.dropFirst())
    }
}

/// Each token as an image of one pixel, where images have so many of them that they are worth the panels of a register tile.
private func tokenConvolution(
    _ operation: ConvolutionOperation, _ x: Shape, _ hasTokens: Bool, inputs: Int, outputs: Int
) -> EngineConvolution? {
    guard hasTokens && x[-2] > 3 else { return nil }
    let geometry = ConvolutionGeometry(
        images: x.prefix(x.rank - 1).count, height: 1, width: 1, inChannels: inputs, outChannels: outputs,
        kernelHeight: 1, kernelWidth: 1, stride: 1, padding: 0)
    return EngineConvolution(geometry: geometry, operation: operation)
}

/// out[rows, n] = x[rows, k] times the weight[out, in], or its transpose. A row's bits do not depend on the other rows.
private func products(
    _ x: Tensor, rows: Int, hasTokens: Bool, _ operation: ConvolutionOperation, _ weight: Tensor, _ out: Destination
) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), isForward = operation == .forward
    guard let g = tokenConvolution(operation, x.shape, hasTokens, inputs: inputs, outputs: outputs)?.geometry else {
        let (n, k) = isForward ? (outputs, inputs) : (inputs, outputs)
        return rowProducts(rows: rows, n, k, x.pointer, weight.pointer, transposed: isForward, out)
    }
    let pool = x.pool, chosen = x.execution.convolution
    let engine = chosen.method(g, operation).roundsFactors ? chosen : ConvolutionEngine(only: .direct)
    let panels = weight.storage.preparedFilters(.linear(operation)) {
        let panels = Storage(count: engine.preparedFilterCount(g, operation), in: pool)
        engine.prepareFilters(g, operation, weight.pointer, into: panels.pointer)
        return panels
    }
    let scratch = Storage(count: engine.scratchCount(g, operation), in: pool)
    withExtendedLifetime((panels, scratch)) {
        if isForward {
            engine.forward(g, x.pointer, panels.pointer, out, scratch: scratch.pointer)
        } else {
            engine.inputGradient(g, x.pointer, panels.pointer, out, scratch: scratch.pointer)
        }
    }
}

extension Tensor {
    /// self[N, in], or self[N, tokens, in], times weight[out, in] transposed.
    public func linear(_ weight: Tensor) -> Tensor { apply(Linear(hasTokens: shape.rank > 2), [self, weight]) }
}
