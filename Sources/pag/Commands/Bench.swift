import ArgumentParser
import Benchmarks
import Distributed
import Failures
import Formats
import Glibc
import Kernels
import Training

extension BenchmarkModel: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public static var allValueStrings: [String] { names }
    public var defaultValueDescription: String { name }
}
extension BenchmarkObjective: ExpressibleByArgument {}
extension StatisticsMode: ExpressibleByArgument {}

struct Bench: ParsableCommand {
    enum Subject: String, CaseIterable, ExpressibleByArgument { case step, conv, allreduce, attack, data }

    static let configuration = CommandConfiguration(
        abstract: "Measure on this machine; one JSON object a line.",
        discussion: """
            step: whole training steps, or inference, on random images
            conv: the network's convolutions one by one, 16 and 160 images
            allreduce: the reproducible sum over ranks against MPI_Allreduce
            attack: input gradients, projected gradient descent and AutoAttack over all ranks
            data: reading and augmenting images

            Rates are those of all ranks together. gflops_effective counts the operations of the direct method, and peak_fraction \
            is its share of the multiply-add rate that this very run has measured.
            """)

    @Argument(help: "What to measure.")
    var subject: Subject

    @Option(help: ArgumentHelp("The network of step, conv and attack; or FILE.onnx.", valueName: "model"))
    var model = BenchmarkModel.resnet8
    @Option(help: "Pixels of its images along both axes.") var side = 32
    @Option(help: "Images of one shard (step), of one pass (conv, attack) or of a step (data). Default: by subject.")
    var batch: Int?
    @Option(help: "Classes of step's and attack's network.") var classes = 10
    @Option(help: "About how long to measure.") var seconds = 10.0
    @Option(help: "What a step is: aligned, plain cross-entropy, or inference alone.")
    var objective = BenchmarkObjective.pag
    @Option(help: "BatchNorm's in the input gradients of an aligned step.") var statistics = StatisticsMode.frozen
    @Option(help: "Classes whose gradients are differentiated at one time. Default: as training chooses.")
    var classChunk: Int?
    @Option(help: "Images of the shard, likewise.") var imageChunk: Int?
    @Option(help: "Mebibytes for the graphs of a shard's input gradients, as compute.memory.") var memory = 1024
    @Option(help: "Of step and attack: what factors of products are rounded to.")
    var products = ProductPrecision.float32
    @Option(help: "Images of attack's AutoAttack run, 0 for none.") var cascade = 32
    @Option(help: "The data SPEC whose images are read.") var data = "digits"

    func validate() throws {
        let most = 1 << 20, positive = 1...most
        guard [batch, classChunk, imageChunk].allSatisfy({ positive.contains($0 ?? 1) }), (2...most).contains(classes),
            (0...most).contains(cascade), seconds >= 0, seconds.isFinite
        else {
            throw ValidationError(
                "batch, class-chunk and image-chunk must be 1 to \(most), classes 2 to \(most), cascade 0 to \(most), "
                    + "seconds 0 or more")
        }
        guard (8...1024).contains(side) else { throw ValidationError("side must be 8 to 1024 pixels") }
        guard positive.contains(memory) else { throw ValidationError("memory must be 1 to \(most) mebibytes") }
    }

    func run() throws {
        var model = model
        model.side = side
        try withJob { communicator in
            func emit(_ line: JSONValue) {
                guard communicator.rank == 0 else { return }
                print(line.text())
            }
            if let remark = products.remark, communicator.rank == 0 { writeError("pag: \(remark)") }
            switch subject {
            case .step:
                var benchmark = StepBenchmark()
                benchmark.model = model
                benchmark.objective = objective
                benchmark.batch = batch ?? benchmark.batch
                benchmark.classes = classes
                benchmark.statistics = statistics
                benchmark.classChunk = classChunk
                benchmark.imageChunk = imageChunk
                benchmark.memory = memory << 20
                benchmark.products = products
                emit(try benchmark.run(over: communicator, seconds: seconds))
            case .conv:
                var benchmark = ConvolutionBenchmark()
                benchmark.model = model
                benchmark.images = batch.map { [$0] } ?? benchmark.images
                try benchmark.run(over: communicator, seconds: seconds, emit: emit)
            case .allreduce:
                try ReductionBenchmark().run(over: communicator, seconds: seconds, emit: emit)
            case .attack:
                var benchmark = AttackBenchmark()
                benchmark.model = model
                benchmark.batch = batch ?? benchmark.batch
                benchmark.classes = classes
                benchmark.cascadeSamples = cascade
                benchmark.products = products
                try benchmark.run(over: communicator, seconds: seconds, emit: emit)
            case .data:
                var benchmark = LoadingBenchmark()
                benchmark.dataset = data
                benchmark.batch = batch ?? benchmark.batch
                emit(try benchmark.run(over: communicator, seconds: seconds))
            }
        }
    }
}
