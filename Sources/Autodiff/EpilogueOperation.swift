import Kernels

/// A product of two inputs whose result goes through an epilogue. The addend, if any, is input 2, and the gate the
/// last.
protocol EpilogueOperation: Operation {
    var hasAddend: Bool { get set }
    var isGated: Bool { get set }
}

extension EpilogueOperation {
    private var gateIndex: Int { hasAddend ? 3 : 2 }
    /// What a rule that begins with `Pullback.gatedCotangent` has for its gate.
    var epilogueGate: Gate? { isGated ? .input(gateIndex) : nil }
    /// What is kept of a product, with its gate.
    var factorsAndGate: Kept { isGated ? [.factors, .input(gateIndex)] : .factors }

    func applied(to x: Tensor, _ filters: Tensor, _ epilogue: Epilogue?) -> Tensor {
        apply(completing(epilogue), inputs(x, filters, epilogue))
    }

    func completing(_ epilogue: Epilogue?) -> Self {
        var operation = self
        operation.hasAddend = epilogue?.addend != nil
        operation.isGated = epilogue?.gate != nil
        return operation
    }

    func inputs(_ x: Tensor, _ filters: Tensor, _ epilogue: Epilogue?) -> [Tensor] {
        [x, filters] + [epilogue?.addend, epilogue?.gate].compactMap(\.self)
    }

    /// The epilogue of a result of images.
    func epilogue(_ inputs: [Tensor], of shape: Shape) -> ConvolutionEpilogue {
        let addend = hasAddend ? inputs[2] : nil, gate = isGated ? inputs[gateIndex] : nil
        precondition(
            (addend.map { $0.shape == shape } ?? true)
                && (gate.map { $0.shape.rank >= 3 && $0.shape == shape.suffix($0.shape.rank) } ?? true),
            "\(name): result \(shape), addend \(addend?.shape ?? []), gate \(gate?.shape ?? [])")
        return ConvolutionEpilogue(
            addend: addend?.pointer, gate: gate?.pointer,
            gateImages: gate.map { $0.shape.prefix($0.shape.rank - 3).count } ?? 1)
    }

    /// Whether each image's result, along the first axis, is of its own image, addend and gate.
    func rowsStandAlone(_ cut: RowCut) -> Bool {
        let hasOwnAddend = !hasAddend || cut.follows(2)
        let hasOwnGate = !isGated || cut.follows(gateIndex) == (cut.inputs[gateIndex].rank == cut.output.rank)
        return cut.follows(0, before: 3) && !cut.follows(1) && hasOwnAddend && hasOwnGate
    }

    /// What the derivative rule gives to the epilogue's inputs.
    func epilogueParts(_ cotangent: Tensor) -> [Tensor?] {
        (hasAddend ? [cotangent] : []) + (isGated ? [nil] : [])
    }
}
