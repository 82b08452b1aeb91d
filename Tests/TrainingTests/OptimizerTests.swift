import Autodiff
import Configuration
import Kernels
import Testing
import Training

/// Three updates of three parameters against PyTorch in float64:
///
///     grads = [[0.5,-1,2],[0.25,0.5,-1.5],[-0.75,0.1,0.3]]; p = Parameter(tensor([1.,-2.,.5])); lr = .1, .05, .02
///     SGD(momentum=.9, weight_decay=.01), the same with nesterov=True, SGD(),
///     AdamW(betas=(.8,.95), eps=1e-6, weight_decay=.1)
///
/// `weights`: p[:2] as a matrix, p[2:] as a bias, in groups of which the second has weight_decay=0.
@Suite struct OptimizerTests {
    static let cases: [(String, [Double])] = [
        ("{kind: sgd, momentum: 0.9, weightDecay: 0.01}", [0.9149600649, -1.8699101298, 0.27253351495]),
        (
            "{kind: sgd, momentum: 0.9, weightDecay: 0.01, nesterov: true}",
            [0.8743789747191, -1.8067218494382, 0.16381372732705]
        ),
        ("{kind: sgd, momentum: 0, weightDecay: 0}", [0.9525, -1.927, 0.369]),
        (
            "{kind: adamw, beta1: 0.8, beta2: 0.95, epsilon: 1.0e-6, weightDecay: 0.1}",
            [0.841297144704674, -1.854449896504619, 0.388487811977691]
        ),
        (
            "{kind: sgd, momentum: 0.9, weightDecay: 0.01, weightDecayOn: weights}",
            [0.9149600648999999, -1.8699101297999998, 0.27359999999999995]
        ),
        (
            "{kind: adamw, beta1: 0.8, beta2: 0.95, epsilon: 1.0e-6, weightDecay: 0.1, weightDecayOn: weights}",
            [0.8412971447046744, -1.854449896504619, 0.3962457082895882]
        ),
    ]

    @Test(arguments: cases) func updatesEqualPyTorchs(_ settings: String, _ expected: [Double]) throws {
        let configuration: RunConfiguration = try Configuration.read(
            text: "train: {optimizer: \(settings)}", source: "test")
        let optimizer = configuration.train.optimizer.make(for: [[1, 2], [1]], in: MemoryPool())
        let gradients: [[Scalar]] = [[0.5, -1, 2], [0.25, 0.5, -1.5], [-0.75, 0.1, 0.3]]
        var parameters: [Scalar] = [1, -2, 0.5]
        for (step, (gradient, rate)) in zip(gradients, [0.1, 0.05, 0.02]).enumerated() {
            optimizer.update(&parameters, gradient: gradient, rate: rate, step: step)
        }
        let tolerance = Scalar.ulpOfOne > 1e-10 ? 1e-6 : 1e-13
        for (actual, expected) in zip(parameters, expected) { #expect(abs(Double(actual) - expected) < tolerance) }
    }
}

@Suite struct ScheduleTests {
    func rates(_ schedule: String, epochs: Int = 4, stepsPerEpoch: Int = 5) throws -> [Double] {
        let configuration: RunConfiguration = try Configuration.read(
            text: "train: {epochs: \(epochs), schedule: \(schedule)}", source: "test")
        let steps = epochs * stepsPerEpoch
        return (0..<steps).map { configuration.train.schedule.rate(2, step: $0, of: steps, epochs: epochs) }
    }

    @Test func multistepDropsAtPartsOfTheRunAndAtEpochs() throws {
        for milestones in ["[0.5, 0.75]", "[2, 3]"] {
            let rates = try rates("{kind: multistep, milestones: \(milestones), factor: 0.1}")
            #expect(rates[9] == 2)
            #expect(abs(rates[10] - 0.2) < 1e-12)
            #expect(abs(rates[14] - 0.2) < 1e-12)
            #expect(abs(rates[15] - 0.02) < 1e-12)
        }
    }

    @Test func cosineFallsFromOneToFinal() throws {
        let rates = try rates("{kind: cosine, final: 0.1}")
        #expect(rates[0] == 2)
        #expect(abs(rates[10] - 2 * 0.55) < 1e-12)
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test func onecycleRisesToThePeakAndFalls() throws {
        let rates = try rates("{kind: onecycle, peak: 0.25, start: 0.1, final: 0}")
        #expect(abs(rates[0] - 0.2) < 1e-12)
        #expect(rates.firstIndex(of: rates.max() ?? 0) == 5)
        #expect(abs((rates.max() ?? 0) - 2) < 1e-12)
    }

    @Test func warmupIsLinearAndReachesTheFullRate() throws {
        let rates = try rates("{kind: constant, warmup: 2}")
        #expect(abs(rates[0] - 0.2) < 1e-12)
        #expect(abs(rates[4] - 1) < 1e-12)
        #expect(rates[9...].allSatisfy { abs($0 - 2) < 1e-12 })
    }
}
