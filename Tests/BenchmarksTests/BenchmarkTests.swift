import Benchmarks
import Distributed
import Formats
import Testing

/// Whether what a benchmark prints is what it says. How fast anything is, is not for tests.
struct BenchmarkTests {
    private func number(_ line: JSONValue, _ key: String) throws -> Double {
        try #require(line[key]?.doubleValue, "\(key)")
    }

    /// Of ResNet-8: the first layer, the three stages' 3x3 and 1x1 convolutions, and the linear layer.
    private var networkOperations: Double {
        let first = 32 * 32 * 16 * 27
        let stage1 = 2 * 32 * 32 * 16 * 16 * 9
        let stage2 = 16 * 16 * 32 * (16 * 9 + 32 * 9 + 16)
        let stage3 = 8 * 8 * 64 * (32 * 9 + 64 * 9 + 32)
        return 2 * Double(first + stage1 + stage2 + stage3 + 64 * 10)
    }
    private let firstLayerOperations = 2.0 * 32 * 32 * 16 * 27

    @Test(arguments: BenchmarkObjective.allCases)
    func operationsAreThoseOfTheDirectMethod(objective: BenchmarkObjective) throws {
        var benchmark = StepBenchmark()
        (benchmark.objective, benchmark.batch, benchmark.classes) = (objective, 2, 10)
        let line = try benchmark.run(over: SingleProcess(), seconds: 0)
        let forAnImage = try number(line, "gflops_effective") * 1e9 / number(line, "images_per_s")
        let expected =
            switch objective {
            case .infer: networkOperations
            case .ce: 3 * networkOperations - firstLayerOperations
            case .pag: 33 * networkOperations - firstLayerOperations
            }
        #expect(abs(forAnImage / expected - 1) < 0.002)
        // To four digits, all of them.
        let fraction = try number(line, "gflops_effective") / number(line, "peak_gflops")
        #expect(abs(try number(line, "peak_fraction") / fraction - 1) < 0.002)
        #expect(try number(line, "runs") >= 3)
    }

    /// 64 patches of 4x4x3 and a class token through seven layers of six square matrices and attention, of which the
    /// last makes keys and values of all tokens, and all else of the class token alone.
    @Test func transformersCountEveryToken() throws {
        var benchmark = StepBenchmark()
        (benchmark.model, benchmark.objective, benchmark.batch) = (try #require(BenchmarkModel("vit")), .infer, 1)
        let line = try benchmark.run(over: SingleProcess(), seconds: 0)
        let weights = 64 * 48 * 384 + (6 * 65 * 6 + 65 * 2 + 4) * 384 * 384 + 384 * 10
        let attention = (6 * 65 + 1) * 2 * 65 * 384
        let forAnImage = try number(line, "gflops_effective") * 1e9 / number(line, "images_per_s")
        #expect(abs(forAnImage / (2 * Double(weights + attention)) - 1) < 0.002)
    }

    @Test func ratesAreSumsOverRanks() throws {
        let lines = try ThreadCommunicator.run(ranks: 3) { communicator in
            var benchmark = StepBenchmark()
            (benchmark.objective, benchmark.batch) = (.ce, 2)
            return try benchmark.run(over: communicator, seconds: 0)
        }
        let line = lines[0]
        #expect(line["ranks"]?.intValue == 3 && line["shards"]?.intValue == 4)
        let images = try number(line, "images_per_s") * number(line, "seconds_median")
        #expect(abs(images / 8 - 1) < 0.002)
        let share = try number(line, "summing_share")
        #expect(share > 0 && share < 1)
    }

    /// Whatever classifier the registry knows is measured, and no denoiser.
    @Test(arguments: BenchmarkModel.names) func everyClassifierIsMeasured(name: String) throws {
        var benchmark = StepBenchmark()
        benchmark.model = try #require(BenchmarkModel(name))
        (benchmark.objective, benchmark.batch) = (.infer, 1)
        let line = try benchmark.run(over: SingleProcess(), seconds: 0)
        #expect(try line["model"] == JSONValue(name) && number(line, "gflops_effective") > 0)
    }

    @Test func classifiersHaveTheRegistrysNames() {
        #expect(Set(BenchmarkModel.names).isSuperset(of: ["resnet8", "resnet18", "vit", "mlp"]))
        #expect(BenchmarkModel("unet") == nil && BenchmarkModel("mlp-denoiser") == nil)
    }

    @Test func everyConvolutionIsMeasuredByTheChosenMethodAndByThePatches() throws {
        var benchmark = ConvolutionBenchmark(), lines: [JSONValue] = []
        (benchmark.model, benchmark.images) = (.resnet8, [1])
        try benchmark.run(over: SingleProcess(), seconds: 0) { lines.append($0) }
        let chosen = lines.filter { $0["chosen"] == true }
        #expect(chosen.count == 3 * 8)
        #expect(try chosen.reduce(0) { try $0 + number($1, "layers") } == 3 * 9)
        for line in chosen where line["method"] != "patches" {
            let twin = lines.first {
                $0["layer"] == line["layer"] && $0["operation"] == line["operation"] && $0["method"] == "patches"
            }
            #expect(twin?["chosen"] == false, "\(line.text())")
        }
    }

    @Test func attackKnowsWhoWaited() throws {
        let lines = try ThreadCommunicator.run(ranks: 2) { communicator in
            var benchmark = AttackBenchmark(), lines: [JSONValue] = []
            (benchmark.batch, benchmark.steps, benchmark.cascadeSamples) = (2, 2, 0)
            try benchmark.run(over: communicator, seconds: 0) { lines.append($0) }
            return lines
        }
        let pgd = try #require(lines[0].last)
        #expect(pgd["samples"]?.intValue == 4)
        let least = try number(try #require(pgd["idle_share"]), "min")
        let most = try number(try #require(pgd["idle_share"]), "max")
        #expect(least >= 0 && least <= most && most > 0 && most < 1)
    }

    @Test func sumsOverRanksAreTimedWithWhatTheyMove() throws {
        let lines = try ThreadCommunicator.run(ranks: 2) { communicator in
            var benchmark = ReductionBenchmark(), lines: [JSONValue] = []
            (benchmark.count, benchmark.bucketLengths) = (1000, [64, 1000])
            try benchmark.run(over: communicator, seconds: 0) { lines.append($0) }
            return lines
        }
        #expect(lines[0].map { $0["bucket"]?.intValue } == [64, 1000])
        for line in lines[0] {
            let rate = try number(line, "bytes") / number(line, "seconds_median") * 1e-9
            #expect(abs(try number(line, "gbytes_per_s") / rate - 1) < 0.002)
        }
    }

    @Test func imagesAreReadByAllRanksTogether() throws {
        let lines = try ThreadCommunicator.run(ranks: 2) { communicator in
            try LoadingBenchmark().run(over: communicator, seconds: 0)
        }
        #expect(lines[0]["dataset"] == "digits train")
        #expect(try number(lines[0], "images_per_s") > 0)
    }
}
