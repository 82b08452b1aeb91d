import Kernels
import Testing

private func geometry(
    _ images: Int, _ height: Int, _ width: Int, _ inChannels: Int, _ outChannels: Int, kernel: (Int, Int) = (3, 3),
    stride: Int = 1, padding: Int = 1
) -> ConvolutionGeometry {
    ConvolutionGeometry(
        images: images, height: height, width: width, inChannels: inChannels, outChannels: outChannels,
        kernelHeight: kernel.0, kernelWidth: kernel.1, stride: stride, padding: padding)
}

private let three: [ConvolutionGeometry] = [
    geometry(1, 1, 1, 1, 1), geometry(2, 1, 1, 16, 16), geometry(3, 2, 2, 5, 17), geometry(1, 5, 7, 3, 16),
    geometry(2, 9, 13, 17, 5), geometry(4, 4, 4, 48, 32), geometry(5, 8, 8, 16, 48), geometry(1, 7, 3, 32, 3),
    geometry(2, 6, 10, 8, 24), geometry(3, 3, 17, 33, 9), geometry(5, 1, 6, 7, 40), geometry(5, 12, 11, 16, 16),
    // Deeper than one stretch of the panel product.
    geometry(2, 4, 5, 272, 20), geometry(1, 4, 4, 20, 300),
]

private let others: [ConvolutionGeometry] = [
    geometry(1, 1, 1, 1, 1, kernel: (1, 1), padding: 0), geometry(3, 5, 7, 16, 32, kernel: (1, 1), padding: 0),
    geometry(3, 5, 7, 17, 5, kernel: (1, 1), stride: 2, padding: 0), geometry(2, 9, 13, 3, 16, stride: 2),
    geometry(2, 8, 8, 32, 48, stride: 2), geometry(5, 4, 4, 48, 16, stride: 2), geometry(1, 7, 6, 5, 17, stride: 2),
    geometry(4, 1, 1, 16, 3, stride: 2), geometry(2, 5, 4, 3, 3, stride: 3),
    geometry(2, 9, 8, 4, 6, stride: 2, padding: 0), geometry(2, 6, 5, 3, 20, kernel: (5, 5), padding: 2),
    geometry(1, 11, 9, 3, 20, kernel: (7, 7), stride: 2, padding: 3),
    geometry(2, 6, 5, 6, 7, kernel: (2, 3), padding: 0),
    geometry(2, 5, 5, 18, 4, kernel: (1, 3), stride: 2, padding: 2),
    geometry(2, 8, 8, 3, 16, kernel: (4, 4), stride: 4, padding: 0), geometry(3, 32, 32, 3, 16),
    geometry(2, 7, 7, 4, 5, kernel: (2, 2), stride: 5, padding: 0),
    geometry(5, 5, 5, 2, 3, kernel: (3, 3), padding: 3), geometry(7, 5, 7, 1, 18),
    geometry(3, 6, 4, 17, 5, kernel: (3, 1), padding: 0),
    geometry(3, 5, 5, 7, 16, kernel: (1, 1), stride: 2, padding: 1),
    geometry(2, 28, 28, 1, 32, kernel: (5, 5), padding: 0),
    geometry(3, 6, 11, 2, 20), geometry(2, 9, 10, 4, 12, kernel: (5, 5), padding: 2),
    geometry(5, 16, 16, 16, 32, stride: 2), geometry(2, 28, 14, 17, 33, stride: 2),
    geometry(3, 3, 17, 33, 9, stride: 2), geometry(9, 13, 8, 8, 20, stride: 2), geometry(2, 2, 2, 272, 20, stride: 2),
    geometry(1, 8, 8, 20, 300, stride: 2),
]

/// Bound on the largest error relative to the largest value, for sums as short as here.
private func tolerance(_ method: ConvolutionMethod) -> Double {
    // Sums of tiles are Float's whatever Scalar is.
    if isDouble && !method.roundsFactors { return 1e-13 }
    return switch method {
    case .patches, .direct, .winograd2, .tiles, .pairs: 2e-6
    case .winogradStrided: 4e-6
    case .winograd4: 1.5e-5
    }
}

/// All but the reference, which `ConvolutionTests` compares with the definition.
private let methods = ConvolutionMethod.allCases.filter { $0 != .patches }

/// So many images of a shape that the method supports.
private func geometry(_ images: Int, for method: ConvolutionMethod) throws -> ConvolutionGeometry {
    let shapes = [
        geometry(images, 6, 6, 5, 7), geometry(images, 6, 6, 5, 7, stride: 2),
        geometry(images, 6, 6, 5, 7, kernel: (1, 1), padding: 0),
    ]
    return try #require(shapes.first { method.supports($0) })
}

@Suite struct ConvolutionEngineTests {
    @Test(arguments: methods, three + others)
    func resultsEqualTheDefinition(_ method: ConvolutionMethod, _ g: ConvolutionGeometry) throws {
        guard method.supports(g) else { return }
        let operands = ConvolutionOperands(g, for: method), engine = ConvolutionEngine(only: method)
        for operation in ConvolutionOperation.allCases {
            let result = try #require(operands.run(engine, operation), "\(operation) wrote outside its buffers")
            expectAgreement(result, operands.expected(operation), within: tolerance(method), "\(method) \(operation)")
        }
    }

    /// Tiles round what they are given; images of so many lines are not kept as a whole, and few images at a time are several
    /// pixels of a weight gradient's products.
    @Test(
        arguments: [ConvolutionMethod.tiles, .pairs],
        [
            geometry(18, 6, 5, 17, 20), geometry(35, 5, 7, 3, 5, stride: 2), geometry(2, 12, 40, 64, 20),
            geometry(2, 13, 40, 64, 33, stride: 2), geometry(1, 12, 60, 64, 16, kernel: (1, 1), stride: 3, padding: 1),
            geometry(2, 3, 2, 5, 6, kernel: (1, 1), stride: 4, padding: 1), geometry(16, 5, 7, 17, 20),
            geometry(8, 9, 9, 16, 16, stride: 2), geometry(3, 4, 4, 5, 33, kernel: (1, 1), padding: 0),
            geometry(5, 9, 7, 16, 16, kernel: (1, 1), stride: 3, padding: 1), geometry(1, 6, 40, 3, 5),
        ])
    func tilesRoundTheirFactors(_ method: ConvolutionMethod, _ g: ConvolutionGeometry) throws {
        let engine = ConvolutionEngine(only: method), numbers = ConvolutionOperands(g)
        let roundedNumbers = ConvolutionOperands(g, for: method)
        for operation in ConvolutionOperation.allCases {
            let result = try #require(numbers.run(engine, operation), "\(operation) wrote outside its buffers")
            expectAgreement(
                result, roundedNumbers.expected(operation), within: tolerance(method), "\(operation)")
            #expect(try bits(#require(roundedNumbers.run(engine, operation))) == bits(result), "\(operation)")
        }
    }

    /// A matrix unit takes every shape, vector registers those that they are faster at, and the reference is without either.
    @Test func unitsTakeWhatTheyAreGoodAt() {
        let shapes: [(ConvolutionGeometry, isForPairs: Bool)] = [
            (geometry(520, 1, 1, 384, 384, kernel: (1, 1), padding: 0), true),
            (geometry(16, 8, 8, 256, 512, kernel: (1, 1), stride: 2, padding: 0), true),
            (geometry(16, 16, 16, 64, 64, kernel: (5, 5), padding: 2), true),
            (geometry(16, 16, 16, 128, 256, stride: 2), true), (geometry(16, 32, 32, 64, 64), false),
            (geometry(16, 32, 32, 3, 64), false), (geometry(16, 4, 4, 16, 16, kernel: (1, 1), padding: 0), false),
        ]
        for (g, isForPairs) in shapes {
            for operation in ConvolutionOperation.allCases {
                #expect(ConvolutionEngine(unit: .tiles).method(g, operation) == .tiles)
                let plain = ConvolutionEngine(unit: .none).method(g, operation), pairs = ConvolutionMethod.pairs
                #expect(!plain.roundsFactors)
                #expect(
                    ConvolutionEngine(unit: .registers).method(g, operation) == (isForPairs ? pairs : plain),
                    "\(g) \(operation)")
                #expect(ConvolutionEngine(.blas, unit: .tiles).method(g, operation) == .patches)
                #expect(ConvolutionEngine(.blas, unit: .registers).method(g, operation) == .patches)
            }
        }
    }

    @Test(arguments: [ConvolutionPreference.auto, .blas], three + others)
    func everyPreferenceServesEveryShape(_ preference: ConvolutionPreference, _ g: ConvolutionGeometry) throws {
        let operands = ConvolutionOperands(g), engine = ConvolutionEngine(preference)
        for operation in ConvolutionOperation.allCases {
            let result = try #require(operands.run(engine, operation), "\(operation) wrote outside its buffers")
            expectAgreement(
                result, operands.expected(operation), within: tolerance(engine.method(g, operation)), "\(operation)")
            if preference == .blas { #expect(engine.method(g, operation) == .patches) }
        }
    }

    /// Large filters go past the cache where addresses allow it.
    @Test(arguments: [ConvolutionOperation.forward, .inputGradient])
    func addressesDoNotChangeFilters(_ operation: ConvolutionOperation) {
        let g = geometry(1, 4, 4, 190, 192), engine = ConvolutionEngine(only: .winograd4)
        let filters = random(g.filterCount), count = engine.preparedFilterCount(g, operation)
        // Planes have gaps between them, which nobody writes.
        expectSameAtAnyAddress(count, before: 0) { engine.prepareFilters(g, operation, filters, into: $0) }
    }

    /// Results of more than the cache holds go past it where addresses allow it.
    @Test(arguments: [ConvolutionMethod.winograd4, .winogradStrided], [ConvolutionOperation.forward, .inputGradient])
    func addressesDoNotChangeLargeResults(_ method: ConvolutionMethod, _ operation: ConvolutionOperation) {
        let side = method == .winogradStrided && operation == .forward ? 128 : 64
        let g = geometry(65, side, side, 16, 16, stride: method == .winogradStrided ? 2 : 1)
        let engine = ConvolutionEngine(only: method)
        let count = operation == .forward ? g.images * g.outputImage : g.images * g.inputImage
        let input = random(g.images * max(g.inputImage, g.outputImage)), filters = random(g.filterCount, salt: 1)
        var form = [Scalar](repeating: 0, count: engine.preparedFilterCount(g, operation))
        var scratch = [Scalar](repeating: 0, count: engine.scratchCount(g, operation))
        engine.prepareFilters(g, operation, filters, into: &form)
        let addend = random(count, salt: 2), gate = random(count / g.images, salt: 3)
        addend.withUnsafeBufferPointer { addend in
            gate.withUnsafeBufferPointer { gate in
                let epilogue = ConvolutionEpilogue(
                    addend: addend.baseAddress, gate: gate.baseAddress, gateImages: 1)
                expectSameAtAnyAddress(count) { result in
                    if operation == .forward {
                        engine.forward(g, input, form, result, epilogue, scratch: &scratch)
                    } else {
                        engine.inputGradient(g, input, form, result, epilogue, scratch: &scratch)
                    }
                }
            }
        }
    }

    /// So do large gradients of filters, of tiles that fill one block or more.
    @Test(arguments: [ConvolutionMethod.winograd4, .winogradStrided], [4, 36])
    func addressesDoNotChangeLargeFilterGradients(_ method: ConvolutionMethod, _ side: Int) {
        let g = geometry(2, side, side, 256, 240, stride: method == .winogradStrided ? 2 : 1)
        let engine = ConvolutionEngine(only: method)
        let x = random(g.images * g.inputImage), dy = random(g.images * g.outputImage, salt: 1), count = g.filterCount
        var scratch = [Scalar](repeating: 0, count: engine.scratchCount(g, .weightGradient))
        expectSameAtAnyAddress(count) { engine.weightGradient(g, x, dy, $0, scratch: &scratch) }
    }

    /// Gives `body` room for `count` results at the beginning of a cache line and elsewhere.
    private func expectSameAtAnyAddress(_ count: Int, before: Scalar = .nan, _ body: (Destination) -> Void) {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 2 * (count + 16) * MemoryLayout<Scalar>.stride, alignment: 128)
        defer { memory.deallocate() }
        let numbers = memory.assumingMemoryBound(to: Scalar.self)
        let aligned = numbers.baseAddress.unsafelyUnwrapped
        let other = aligned + (count + 15) / 16 * 16 + 1
        numbers.update(repeating: before)
        body(aligned)
        body(other)
        #expect((0..<count).allSatisfy { aligned[$0] == other[$0] })
        #expect((0..<count).contains { aligned[$0] != 0 })
    }

    /// The bits of an image are the same alone, in a batch that fills several blocks, and at another place in it.
    @Test(
        arguments: ConvolutionMethod.allCases,
        [
            geometry(17, 4, 4, 16, 32), geometry(17, 8, 8, 48, 16), geometry(17, 5, 7, 17, 5),
            geometry(17, 2, 3, 272, 16), geometry(17, 9, 13, 3, 16), geometry(17, 8, 8, 16, 32, stride: 2),
            // Sixteen tiles, whose filters do not stay in the cache.
            geometry(16, 4, 4, 128, 80), geometry(16, 8, 8, 80, 128, stride: 2),
            geometry(17, 5, 5, 20, 18, stride: 2),
            geometry(17, 6, 6, 16, 16, kernel: (1, 1), padding: 0),
            geometry(17, 7, 7, 33, 16, kernel: (1, 1), stride: 2, padding: 0),
        ])
    func bitsDoNotDependOnTheBatch(_ method: ConvolutionMethod, _ g: ConvolutionGeometry) throws {
        guard method.supports(g) else { return }
        let operands = ConvolutionOperands(g), engine = ConvolutionEngine(only: method)
        let order = (0..<g.images).map { ($0 * 5 + 3) % g.images }
        for operation in [ConvolutionOperation.forward, .inputGradient] {
            let batch = try #require(operands.run(engine, operation))
            let shuffled = try #require(operands.images(order).run(engine, operation, dirt: 1))
            let size = batch.count / g.images
            for n in 0..<g.images {
                let image = bits(batch[(n * size)..<((n + 1) * size)])
                let alone = try #require(operands.images([n]).run(engine, operation))
                #expect(bits(alone) == image, "\(operation), image \(n) alone")
                let place = try #require(order.firstIndex(of: n))
                let moved = bits(shuffled[(place * size)..<((place + 1) * size)])
                #expect(moved == image, "\(operation), image \(n) moved")
            }
        }
    }

    /// The same bits as adding and closing the gate afterwards. Three images of the gate serve six of the result.
    @Test(
        arguments: ConvolutionMethod.allCases,
        [
            geometry(6, 9, 6, 17, 20), geometry(6, 8, 8, 16, 32), geometry(6, 5, 7, 3, 5),
            geometry(6, 8, 8, 16, 32, stride: 2),
            geometry(6, 7, 5, 20, 18, stride: 2), geometry(6, 7, 7, 33, 16, kernel: (1, 1), stride: 2, padding: 0),
        ])
    func theEpilogueComesAfterTheConvolution(_ method: ConvolutionMethod, _ g: ConvolutionGeometry) throws {
        guard method.supports(g) else { return }
        let operands = ConvolutionOperands(g), engine = ConvolutionEngine(only: method)
        for operation in [ConvolutionOperation.forward, .inputGradient] {
            let plain = try #require(operands.run(engine, operation))
            let addend = random(plain.count, salt: 7)
            // Zeros of both signs are closed, and so is what is no number.
            let gate = random(plain.count / 2, salt: 8).enumerated().map {
                [5: 0, 7: -0.0, 11: .nan][$0.offset % 13] ?? $0.element
            }
            for (adds, closes) in [(true, false), (false, true), (true, true)] {
                let expected = plain.indices.map { i in
                    let sum = adds ? plain[i] + addend[i] : plain[i]
                    return closes && !(gate[i % gate.count] > 0) ? 0 : sum
                }
                let result = try #require(
                    operands.run(engine, operation, addend: adds ? addend : nil, gate: closes ? gate : nil))
                #expect(bits(result) == bits(expected), "\(operation), addend \(adds), gate \(closes)")
            }
        }
    }

    /// So do a shift of each channel, the addend and the rectifier of an activated convolution.
    @Test(
        arguments: ConvolutionMethod.allCases,
        [
            geometry(3, 9, 6, 17, 20), geometry(3, 8, 8, 16, 32), geometry(3, 5, 7, 3, 5),
            geometry(3, 16, 16, 16, 32, stride: 2), geometry(3, 7, 5, 20, 18, stride: 2),
            geometry(3, 7, 7, 33, 16, kernel: (1, 1), stride: 2, padding: 0),
        ])
    func theActivationComesAfterTheConvolution(_ method: ConvolutionMethod, _ g: ConvolutionGeometry) throws {
        guard method.supports(g) else { return }
        let operands = ConvolutionOperands(g), engine = ConvolutionEngine(only: method)
        let plain = try #require(operands.run(engine, .forward))
        let shift = random(g.outChannels, salt: 9), addend = random(plain.count, salt: 7)
        for (adds, rectifies) in [(false, false), (false, true), (true, false), (true, true)] {
            let expected = plain.indices.map { i in
                let shifted = plain[i] + shift[i % g.outChannels], sum = adds ? shifted + addend[i] : shifted
                return rectifies && sum < 0 ? 0 : sum
            }
            let result = try #require(
                operands.run(engine, .forward, shift: shift, rectifies: rectifies, addend: adds ? addend : nil))
            #expect(bits(result) == bits(expected), "addend \(adds), rectifier \(rectifies)")
        }
    }

    /// The forward pass and the weight gradient at once have the bits that they have apart.
    @Test(
        arguments: [ConvolutionMethod.winograd2, .winograd4, .winogradStrided],
        [
            geometry(6, 9, 6, 17, 20), geometry(6, 16, 16, 16, 32), geometry(2, 4, 4, 48, 80),
            geometry(20, 8, 8, 96, 16),
            geometry(6, 8, 8, 16, 32, stride: 2), geometry(6, 7, 5, 20, 18, stride: 2),
            geometry(30, 13, 8, 80, 20, stride: 2), geometry(0, 8, 8, 16, 16),
        ])
    func twoPassesAtOnceAreTheTwoPasses(_ method: ConvolutionMethod, _ g: ConvolutionGeometry) throws {
        guard method.supports(g) else { return }
        let operands = ConvolutionOperands(g), engine = ConvolutionEngine(only: method)
        #expect(engine.sharesPatches(g))
        let addend = random(operands.resultCount(.forward), salt: 7)
        let gate = random(g.outputImage * max(1, g.images / 2), salt: 8)
        let y = try #require(operands.run(engine, .forward, addend: addend, gate: gate))
        let dw = try #require(operands.run(engine, .weightGradient))
        let both = try #require(operands.runJointly(engine, addend: addend, gate: gate))
        #expect(bits(both.y) == bits(y))
        #expect(bits(both.dw) == bits(dw))
    }

    @Test(arguments: methods, [geometry(3, 9, 6, 17, 20), geometry(2, 8, 8, 16, 32, stride: 2)])
    func bitsDoNotDependOnWhatScratchHeld(_ method: ConvolutionMethod, _ g: ConvolutionGeometry) throws {
        guard method.supports(g) else { return }
        let operands = ConvolutionOperands(g), engine = ConvolutionEngine(only: method)
        for operation in ConvolutionOperation.allCases {
            let first = try #require(operands.run(engine, operation, dirt: .nan))
            let second = try #require(operands.run(engine, operation, dirt: -7))
            #expect(bits(first) == bits(second), "\(operation)")
        }
    }

    /// Prepared filters are kept while the number of images changes.
    @Test(arguments: three + others)
    func methodAndPreparedFiltersDoNotDependOnTheBatch(_ g: ConvolutionGeometry) {
        let engine = ConvolutionEngine()
        for operation in ConvolutionOperation.allCases {
            let counts = [1, 2, 16, 1000].map { images in
                var batch = g
                batch.images = images
                return "\(engine.method(batch, operation)) \(engine.preparedFilterCount(batch, operation))"
            }
            #expect(Set(counts).count == 1)
        }
    }

    @Test(arguments: ConvolutionMethod.allCases)
    func anEmptyBatchHasNoGradient(_ method: ConvolutionMethod) throws {
        let operands = ConvolutionOperands(try geometry(0, for: method))
        let engine = ConvolutionEngine(only: method)
        #expect(try #require(operands.run(engine, .forward)).isEmpty)
        #expect(try #require(operands.run(engine, .inputGradient)).isEmpty)
        #expect(try #require(operands.run(engine, .weightGradient)).allSatisfy { $0 == 0 })
    }

    /// A value that is not a number spoils its own image and no other.
    @Test(arguments: ConvolutionMethod.allCases)
    func imagesAreApart(_ method: ConvolutionMethod) throws {
        let engine = ConvolutionEngine(only: method)
        let operands = ConvolutionOperands(try geometry(3, for: method))
        var spoilt = operands
        spoilt.spoilImage(1)
        let clean = try #require(operands.run(engine, .forward)), result = try #require(spoilt.run(engine, .forward))
        let size = operands.g.outputImage
        #expect(result[size..<(2 * size)].contains { $0.isNaN })
        #expect(bits(result[..<size]) == bits(clean[..<size]))
        #expect(bits(result[(2 * size)...]) == bits(clean[(2 * size)...]))
    }
}
