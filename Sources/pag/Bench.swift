import ArgumentParser
import Benchmarks
import Failures
import Training

extension BenchmarkModel: ExpressibleByArgument {}
extension BenchmarkObjective: ExpressibleByArgument {}
extension StatisticsMode: ExpressibleByArgument {}

struct Bench: ParsableCommand {
    enum Subject: String, CaseIterable, ExpressibleByArgument { case step }

    static let configuration = CommandConfiguration(
        abstract: "Measure on this machine; one JSON object a line.")

    @Argument(help: "What to measure.")
    var subject: Subject

    @Option var model = BenchmarkModel.resnet8
    @Option(help: "Images of one shard.") var batch = 64
    @Option var classes = 10
    @Option(help: "About how long to measure.") var seconds = 10.0
    @Option var objective = BenchmarkObjective.pag
    @Option var statistics = StatisticsMode.frozen

    func validate() throws {
        guard batch > 0, classes > 1, seconds >= 0 else { throw ValidationError("batch, classes and seconds must be positive") }
    }

    func run() throws {
        try withJob { communicator in
            switch subject {
            case .step:
                var benchmark = StepBenchmark()
                benchmark.model = model
                benchmark.objective = objective
                benchmark.batch = batch
                benchmark.classes = classes
                benchmark.statistics = statistics
                let result = benchmark.run(seconds: seconds)
                if communicator.rank == 0 { print(result.text()) }
            }
        }
    }
}
