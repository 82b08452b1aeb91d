import Kernels

/// What a convolution does besides its tensors' shapes.
public struct ConvolutionSettings: Sendable, Hashable {
    /// Pixels between neighbouring windows, along both axes.
    public let stride: Int
    /// Lines of zeros on all four sides.
    public let padding: Int
    /// A convolution of any kernel.
    public init(stride: Int, padding: Int) {
        self.stride = stride
        self.padding = padding
    }

    /// The sizes for input [..., H, W, Ci] and filters [Co, kh, kw, Ci]; all leading axes are images.
    func geometry(input: Shape, filters: Shape) -> ConvolutionGeometry {
        precondition(
            input.rank >= 3 && filters.rank == 4 && input[-1] == filters[3],
            "convolution: input \(input), filters \(filters)")
        return ConvolutionGeometry(
            images: input.prefix(input.rank - 3).count, height: input[-3], width: input[-2], inChannels: input[-1],
            outChannels: filters[0], kernelHeight: filters[1], kernelWidth: filters[2], stride: stride,
            padding: padding)
    }
}

/// y[..., Ho, Wo, Co] = x[..., H, W, Ci] * w[Co, kh, kw, Ci]. Like `Linear`, a member of a closed family of three.
struct Convolution: EpilogueOperation, FactorOperation, ConvolvingOperation {
    let settings: ConvolutionSettings
    var hasAddend = false, isGated = false
    let name = "convolution", hasFilters = true
    var keeps: Kept { factorsAndGate }
    var gate: Gate? { epilogueGate }
    func route(_ p: Pullback) -> Route { Route(completed: 0) }

    func forward(_ x: [Tensor]) -> Tensor { settings.convolve(x[0], x[1]) { epilogue(x, of: $0) } }
    func geometry(_ inputs: [Shape]) -> ConvolutionGeometry { settings.geometry(input: inputs[0], filters: inputs[1]) }
    func pullback(_ p: Pullback) -> [Tensor?] {
        let cotangent = p.gatedCotangent
        return settings.productRule(p, cotangent) + epilogueParts(cotangent)
    }
    func convolution(of inputs: [Shape]) -> EngineConvolution? {
        EngineConvolution(geometry: geometry(inputs), operation: .forward)
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { rowsStandAlone(cut) ? self : nil }
}

extension ConvolutionSettings {
    /// x[..., H, W, Ci] * w[Co, kh, kw, Ci]; `epilogue` is given the result's shape.
    func convolve(_ x: Tensor, _ filters: Tensor, epilogue: (Shape) -> ConvolutionEpilogue) -> Tensor {
        let g = geometry(input: x.shape, filters: filters.shape)
        let shape = x.shape.prefix(x.shape.rank - 3) + [g.outHeight, g.outWidth, g.outChannels]
        let epilogue = epilogue(shape)
        return Tensor(shape, in: x.pool) { out in
            withScratch(g, .forward, filters, in: x.pool) { engine, filters, scratch in
                engine.forward(g, x.pointer, filters, out, epilogue, scratch: scratch)
            }
        }
    }

    /// What a convolution of input 0 with filters that are input 1 gives to the two.
    func productRule(_ p: Pullback, _ cotangent: Tensor) -> [Tensor?] {
        let input = p.inputShapes[0], filters = p.inputShapes[1]
        return [
            p.wanted[0]
                ? ConvolutionInputGradient(settings: self, input: input)
                    .applied(to: cotangent, p.input(1), p.epilogue) : nil,
            p.wanted[1]
                ? p.perLeadingIndex(of: cotangent) {
                    apply(ConvolutionWeightGradient(settings: self, filters: filters), [$0, p.input(0)])
                } : nil,
        ]
    }
}

/// dx[..., H, W, Ci] from dy[..., Ho, Wo, Co] and the filters. `input` gives H and W, which a stride leaves open.
struct ConvolutionInputGradient: EpilogueOperation, FactorOperation {
    let settings: ConvolutionSettings
    let input: Shape
    var hasAddend = false, isGated = false
    let name = "convolution input gradient", hasFilters = true
    var keeps: Kept { factorsAndGate }
    var gate: Gate? { epilogueGate }
    func route(_ p: Pullback) -> Route { Route(completed: 0) }

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, filters) = (x[0], x[1])
        let shape = dy.shape.prefix(dy.shape.rank - 3) + input.suffix(3)
        let g = settings.geometry(input: shape, filters: filters.shape)
        precondition(
            dy.shape.suffix(3) == [g.outHeight, g.outWidth, g.outChannels],
            "convolution input gradient: cotangent \(dy.shape), input \(input), filters \(filters.shape)")
        let epilogue = epilogue(x, of: shape)
        return Tensor(shape, in: dy.pool) { out in
            withScratch(g, .inputGradient, filters, in: dy.pool) { engine, filters, scratch in
                engine.inputGradient(g, dy.pointer, filters, out, epilogue, scratch: scratch)
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        let filters = p.inputShapes[1], cotangent = p.gatedCotangent
        if let joint = jointRule(p, cotangent) { return joint + epilogueParts(cotangent) }
        return [
            p.wanted[0]
                ? Convolution(settings: settings).applied(to: cotangent, p.input(1), p.epilogue) : nil,
            p.wanted[1]
                ? p.perLeadingIndex(of: cotangent) {
                    apply(ConvolutionWeightGradient(settings: settings, filters: filters), [p.input(0), $0])
                } : nil,
        ] + epilogueParts(cotangent)
    }
    func convolution(of inputs: [Shape]) -> EngineConvolution? {
        let geometry = settings.geometry(
            input: inputs[0].prefix(inputs[0].rank - 3) + input.suffix(3), filters: inputs[1])
        return EngineConvolution(geometry: geometry, operation: .inputGradient)
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { rowsStandAlone(cut) ? self : nil }
}

extension ConvolutionInputGradient {
    /// Both parts of the derivative in one pass over the cotangent's patches; nil where they are to be had apart.
    private func jointRule(_ p: Pullback, _ cotangent: Tensor) -> [Tensor]? {
        guard p.wanted[0], p.wanted[1], p.lead == 0, !p.isRecording else { return nil }
        let (dy, filters) = (p.input(0), p.input(1))
        let g = settings.geometry(input: cotangent.shape, filters: filters.shape)
        guard cotangent.execution.convolution.sharesPatches(g) else { return nil }
        let convolution = Convolution(settings: settings).completing(p.epilogue)
        let inputs = convolution.inputs(cotangent, filters, p.epilogue)
        return compute("convolution and weight gradient", inputs) {
            let epilogue = convolution.epilogue(inputs, of: dy.shape), pool = dy.pool, execution = pool.execution
            let x = execution.factor(cotangent), other = execution.factor(dy), weights = execution.filters(filters)
            let y = Storage(count: dy.shape.count, in: pool), dw = Storage(count: filters.shape.count, in: pool)
            withPreparedFilters(g, .forward, weights, in: pool) { engine, prepared in
                let scratch = Storage(count: engine.jointScratchCount(g), in: pool)
                withExtendedLifetime((scratch, x, other)) {
                    engine.forwardAndWeightGradient(
                        g, x.pointer, prepared, y.pointer, epilogue, dy: other.pointer, dw: dw.pointer,
                        scratch: scratch.pointer)
                }
            }
            return [Tensor(shape: dy.shape, storage: y), Tensor(shape: filters.shape, storage: dw)]
        }
    }
}

/// dw[Co, kh, kw, Ci] from dy and x, summed over all images.
struct ConvolutionWeightGradient: FactorOperation {
    let settings: ConvolutionSettings
    let filters: Shape
    let name = "convolution weight gradient", hasFilters = false
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, input) = (x[0], x[1])
        let g = settings.geometry(input: input.shape, filters: filters)
        precondition(
            dy.shape == input.shape.prefix(input.shape.rank - 3) + [g.outHeight, g.outWidth, g.outChannels],
            "convolution weight gradient: cotangent \(dy.shape), input \(input.shape), filters \(filters)")
        return Tensor(filters, in: dy.pool) { out in
            withScratch(g, .weightGradient, dy, in: dy.pool) { engine, _, scratch in
                engine.weightGradient(g, input.pointer, dy.pointer, out, scratch: scratch)
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        let input = p.inputShapes[1]
        return [
            p.wanted[0] ? p.perLeadingIndex { apply(Convolution(settings: settings), [p.input(1), $0]) } : nil,
            p.wanted[1]
                ? p.perLeadingIndex {
                    apply(ConvolutionInputGradient(settings: settings, input: input), [p.input(0), $0])
                } : nil,
        ]
    }
    func convolution(of inputs: [Shape]) -> EngineConvolution? {
        EngineConvolution(geometry: settings.geometry(input: inputs[1], filters: filters), operation: .weightGradient)
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { nil }
}

/// Lends scratch and, from their storage's cache, the filters in the form that the method of this shape reads.
private func withScratch(
    _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ filters: Tensor, in pool: MemoryPool,
    _ body: (ConvolutionEngine, Source, Destination) -> Void
) {
    withPreparedFilters(g, operation, filters, in: pool) { engine, prepared in
        let scratch = Storage(count: engine.scratchCount(g, operation), in: pool)
        withExtendedLifetime(scratch) { body(engine, prepared, scratch.pointer) }
    }
}

private func withPreparedFilters(
    _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ filters: Tensor, in pool: MemoryPool,
    _ body: (ConvolutionEngine, Source) -> Void
) {
    let engine = pool.execution.convolution, count = engine.preparedFilterCount(g, operation)
    let prepared =
        count == 0
        ? filters.storage
        : filters.storage.preparedFilters(.of(g, operation)) {
            let form = Storage(count: count, in: pool)
            engine.prepareFilters(g, operation, filters.pointer, into: form.pointer)
            return form
        }
    withExtendedLifetime(prepared) { body(engine, Source(prepared.pointer)) }
}

extension Tensor {
    /// Convolves images [..., H, W, Ci] with filters [Co, kh, kw, Ci].
    public func convolved(with filters: Tensor, _ settings: ConvolutionSettings) -> Tensor {
        apply(Convolution(settings: settings), [self, filters])
    }
}
