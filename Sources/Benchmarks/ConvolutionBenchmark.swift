import Autodiff
import Distributed
import Failures
import Formats
import Kernels

/// Times every distinct convolution of a network, in its three passes, by the method that is chosen for it, by the
/// reference method and, of factors rounded to bfloat16, by the matrix unit where there is one.
public struct ConvolutionBenchmark: Sendable {
    /// Whose convolutions are measured.
    public var model = BenchmarkModel.resnet8
    /// Numbers of images: a shard's, and a shard's times ten classes.
    public var images = [16, 160]

    public init() {}

    /// `emit` gets a line for every case. All ranks do the same at the same time. Collective.
    public func run(over communicator: any Communicator, seconds: Double, emit: (JSONValue) -> Void) throws {
        let figures = try RunFigures(communicator)
        let layers = try OperationCount(model.network(classes: 10)).convolutions
        if layers.isEmpty { throw Failure(.usage, "\(model.name) has no convolutions") }
        let distinct = layers.enumerated().filter { !layers[..<$0].contains($1) }.map(\.element)
        let others: [ConvolutionMethod] =
            switch BFloat16Unit.best {
            case .none: [.patches]
            case .registers: [.patches, .pairs]
            case .tiles: [.patches, .tiles, .pairs]
            }
        let cases = Double(distinct.count * images.count * ConvolutionOperation.allCases.count * (others.count + 1))
        for count in images {
            for layer in distinct {
                var geometry = layer
                geometry.images = count
                for operation in ConvolutionOperation.allCases {
                    let chosen = ConvolutionEngine().method(geometry, operation)
                    for method in [chosen] + others.filter({ $0 != chosen }) {
                        let measured = try measure(
                            geometry, operation, method, over: communicator, seconds: seconds / cases)
                        emit(
                            line(
                                "conv", members(geometry, layers.count { $0 == layer }),
                                [
                                    .init("operation", JSONValue("\(operation)")),
                                    .init("method", JSONValue("\(method)")),
                                    .init("chosen", JSONValue(method == chosen)),
                                ],
                                measured.members,
                                try figures.members(communicator, operationsPerSecond: measured.operationsPerSecond)))
                    }
                }
            }
        }
    }

    private func members(_ g: ConvolutionGeometry, _ count: Int) -> [JSONValue.Member] {
        [
            .init("model", JSONValue(model.name)), .init("images", JSONValue(g.images)),
            .init("layer", JSONValue(name(g))), .init("layers", JSONValue(count)),
        ]
    }

    /// Such as `3x3/2 64>128@32`: kernel, stride, channels in and out, side of the input.
    private func name(_ g: ConvolutionGeometry) -> String {
        "\(g.kernelHeight)x\(g.kernelWidth)/\(g.stride) \(g.inChannels)>\(g.outChannels)@\(g.height)"
    }

    private struct Measured {
        let operationsPerSecond: Double
        let members: [JSONValue.Member]
    }

    private func measure(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ method: ConvolutionMethod,
        over communicator: any Communicator, seconds: Double
    ) throws -> Measured {
        let pool = MemoryPool(), engine = ConvolutionEngine(only: method)
        let input = randomTensor([g.images * g.inputImage], seed: 1, in: pool).storage
        let weights = randomTensor([g.filterCount], seed: 2, in: pool).storage
        let output = randomTensor([g.images * g.outputImage], seed: 3, in: pool).storage
        let x = input.pointer, w = weights.pointer, y = output.pointer
        let scratch = Storage(count: engine.scratchCount(g, operation), in: pool)
        let form = Storage(count: engine.preparedFilterCount(g, operation), in: pool)
        let filters = form.count == 0 ? w : form.pointer
        let (preparing, times) = try withExtendedLifetime((input, weights, output, scratch, form)) {
            let preparing = try timed(over: communicator, seconds: 0, least: form.count == 0 ? 0 : 3) {
                engine.prepareFilters(g, operation, w, into: form.pointer)
            }
            let times = try timed(over: communicator, seconds: seconds, least: 2) {
                switch operation {
                case .forward: engine.forward(g, x, filters, y, scratch: scratch.pointer)
                case .inputGradient: engine.inputGradient(g, y, filters, x, scratch: scratch.pointer)
                case .weightGradient: engine.weightGradient(g, x, y, w, scratch: scratch.pointer)
                }
            }
            return (preparing, times)
        }
        let passes = try communicator.allGatherValue(1 / times.median).reduce(0, +)
        let bytes = (g.images * (g.inputImage + g.outputImage) + g.filterCount) * MemoryLayout<Scalar>.stride
        return Measured(
            operationsPerSecond: passes * 2 * Double(g.multiplications),
            members: times.members + [
                .init("seconds_preparing", figure(preparing.median)),
                .init("images_per_s", figure(passes * Double(g.images))), .init("bytes", JSONValue(bytes)),
                .init("gbytes_per_s", figure(passes * Double(bytes) * 1e-9)),
            ])
    }
}
