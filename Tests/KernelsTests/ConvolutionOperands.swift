import Kernels

/// Numbers at an address that is aligned to nothing but Scalar, between two margins of NaN: a kernel that reads beyond
/// its operands spoils its result, and one that writes beyond them is found out.
final class GuardedBuffer {
    private static let margin = 33
    private let memory: UnsafeMutableBufferPointer<Scalar>
    let count: Int

    init(_ count: Int, of value: Scalar) {
        self.count = count
        memory = .allocate(capacity: count + 2 * Self.margin)
        memory.initialize(repeating: .nan)
        for i in 0..<count { memory[Self.margin + i] = value }
    }

    convenience init(_ values: some Collection<Scalar>) {
        self.init(values.count, of: 0)
        for (i, value) in values.enumerated() { memory[Self.margin + i] = value }
    }

    deinit { memory.deallocate() }

    /// Capacity is never 0, so there always is an address.
    var pointer: Destination { memory.baseAddress.unsafelyUnwrapped + Self.margin }
    var values: [Scalar] { Array(memory[Self.margin..<(Self.margin + count)]) }
    var isIntact: Bool {
        memory.prefix(Self.margin).allSatisfy(\.isNaN) && memory.suffix(Self.margin).allSatisfy(\.isNaN)
    }
}

/// A convolution's three operands.
struct ConvolutionOperands {
    private(set) var g: ConvolutionGeometry
    private(set) var x, w, dy: [Scalar]

    /// - Parameter method: one that rounds factors gets numbers that rounding leaves as they are.
    init(_ g: ConvolutionGeometry, for method: ConvolutionMethod? = nil) {
        self.g = g
        func numbers(_ count: Int, _ salt: UInt64) -> [Scalar] {
            let numbers = random(count, salt: salt)
            return method?.roundsFactors == true ? rounded(numbers) : numbers
        }
        x = numbers(g.images * g.inputImage, 1)
        w = numbers(g.filterCount, 2)
        dy = numbers(g.images * g.outputImage, 3)
    }

    /// The images with these numbers, in this order.
    func images(_ order: [Int]) -> ConvolutionOperands {
        var part = self
        part.g.images = order.count
        part.x = order.flatMap { x[($0 * g.inputImage)..<(($0 + 1) * g.inputImage)] }
        part.dy = order.flatMap { dy[($0 * g.outputImage)..<(($0 + 1) * g.outputImage)] }
        return part
    }

    /// Makes one number of an image not a number.
    mutating func spoilImage(_ n: Int) { x[n * g.inputImage + g.inputImage / 2] = .nan }

    func resultCount(_ operation: ConvolutionOperation) -> Int {
        switch operation {
        case .forward: g.images * g.outputImage
        case .inputGradient: g.images * g.inputImage
        case .weightGradient: g.filterCount
        }
    }

    /// The engine's result, with scratch full of `dirt`; nil if it wrote outside its buffers.
    func run(
        _ engine: ConvolutionEngine, _ operation: ConvolutionOperation, dirt: Scalar = .nan, shift: [Scalar]? = nil,
        rectifies: Bool = false, addend: [Scalar]? = nil, gate: [Scalar]? = nil
    ) -> [Scalar]? {
        let shift = shift.map { GuardedBuffer($0) }, addend = addend.map { GuardedBuffer($0) }
        let gate = gate.map { GuardedBuffer($0) }, addendSource = addend.map { Source($0.pointer) }
        let epilogue =
            if let shift {
                ConvolutionEpilogue(shift: shift.pointer, addend: addendSource, rectifies: rectifies)
            } else {
                ConvolutionEpilogue(
                    addend: addendSource, gate: gate.map { Source($0.pointer) },
                    gateImages: gate.map { $0.count * g.images / max(1, resultCount(operation)) } ?? 1)
            }
        let x = GuardedBuffer(x), w = GuardedBuffer(w), dy = GuardedBuffer(dy)
        let result = GuardedBuffer(resultCount(operation), of: .nan)
        let scratch = GuardedBuffer(engine.scratchCount(g, operation), of: dirt)
        let prepared = GuardedBuffer(engine.preparedFilterCount(g, operation), of: dirt)
        engine.prepareFilters(g, operation, w.pointer, into: prepared.pointer)
        let filters = prepared.count > 0 ? prepared.pointer : w.pointer
        switch operation {
        case .forward: engine.forward(g, x.pointer, filters, result.pointer, epilogue, scratch: scratch.pointer)
        case .inputGradient:
            engine.inputGradient(g, dy.pointer, filters, result.pointer, epilogue, scratch: scratch.pointer)
        case .weightGradient:
            engine.weightGradient(g, x.pointer, dy.pointer, result.pointer, scratch: scratch.pointer)
        }
        let buffers = [x, w, dy, result, scratch, prepared] + [shift, addend, gate].compactMap(\.self)
        return buffers.allSatisfy(\.isIntact) ? result.values : nil
    }

    /// The engine's forward pass with an epilogue and its weight gradient, both at once.
    func runJointly(_ engine: ConvolutionEngine, addend: [Scalar], gate: [Scalar]) -> (y: [Scalar], dw: [Scalar])? {
        let x = GuardedBuffer(x), w = GuardedBuffer(w), dy = GuardedBuffer(dy)
        let addend = GuardedBuffer(addend), gate = GuardedBuffer(gate)
        let y = GuardedBuffer(resultCount(.forward), of: .nan), dw = GuardedBuffer(g.filterCount, of: .nan)
        let scratch = GuardedBuffer(engine.jointScratchCount(g), of: .nan)
        let prepared = GuardedBuffer(engine.preparedFilterCount(g, .forward), of: .nan)
        engine.prepareFilters(g, .forward, w.pointer, into: prepared.pointer)
        engine.forwardAndWeightGradient(
            g, x.pointer, prepared.pointer, y.pointer,
            ConvolutionEpilogue(addend: addend.pointer, gate: gate.pointer, gateImages: gate.count / g.outputImage),
            dy: dy.pointer, dw: dw.pointer, scratch: scratch.pointer)
        let buffers = [x, w, dy, addend, gate, y, dw, scratch, prepared]
        return buffers.allSatisfy(\.isIntact) ? (y.values, dw.values) : nil
    }

    /// The definition, as nested loops in Double.
    func expected(_ operation: ConvolutionOperation) -> [Double] {
        var result = [Double](repeating: 0, count: resultCount(operation))
        for n in 0..<g.images {
            for oy in 0..<g.outHeight {
                for ox in 0..<g.outWidth { addWindow(operation, n, oy, ox, &result) }
            }
        }
        return result
    }

    private func addWindow(
        _ operation: ConvolutionOperation, _ n: Int, _ oy: Int, _ ox: Int, _ result: inout [Double]
    ) {
        let output = ((n * g.outHeight + oy) * g.outWidth + ox) * g.outChannels
        for ky in 0..<g.kernelHeight {
            for kx in 0..<g.kernelWidth {
                let iy = oy * g.stride - g.padding + ky, ix = ox * g.stride - g.padding + kx
                guard iy >= 0, iy < g.height, ix >= 0, ix < g.width else { continue }
                let input = ((n * g.height + iy) * g.width + ix) * g.inChannels
                for co in 0..<g.outChannels {
                    let filter = ((co * g.kernelHeight + ky) * g.kernelWidth + kx) * g.inChannels
                    for ci in 0..<g.inChannels {
                        switch operation {
                        case .forward: result[output + co] += Double(x[input + ci]) * Double(w[filter + ci])
                        case .inputGradient: result[input + ci] += Double(dy[output + co]) * Double(w[filter + ci])
                        case .weightGradient: result[filter + ci] += Double(dy[output + co]) * Double(x[input + ci])
                        }
                    }
                }
            }
        }
    }
}
