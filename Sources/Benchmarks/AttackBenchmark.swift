import Autodiff
import Data
import Distributed
import Evaluation
import Formats
import Kernels
import Models
import Perturbations
import Tracing

/// Times what attacks are made of, gradients of a loss with respect to images, and a whole attack over all ranks.
public struct AttackBenchmark: Sendable {
    /// The network, with random parameters.
    public var model = BenchmarkModel.resnet8
    /// Images that go through the network at once.
    public var batch = 32
    /// Logits an image.
    public var classes = 10
    /// Of projected gradient descent.
    public var steps = 10
    /// Radius in L2. Of random images against a random network about half survive it, so some batches take longer.
    public var epsilon = 0.1
    /// Images of the AutoAttack run, whose time depends on the model alone: 0 for no such run.
    public var cascadeSamples = 32

    /// What factors of products are rounded to.
    public var products = ProductPrecision.float32

    public init() {}

    /// `emit` gets a line for the gradients, one for projected gradient descent and one for AutoAttack. Collective.
    public func run(over communicator: any Communicator, seconds: Double, emit: (JSONValue) -> Void) throws {
        let figures = try RunFigures(communicator)
        let network = try model.network(classes: classes), operations = OperationCount(network).inputGradient
        let pool = MemoryPool(for: Execution(products: products))
        let state = ModelState(initialising: network, seed: 1, in: pool)
        settleStatistics(of: state, in: pool)
        let classifier = Classifier(state)
        let shared: [JSONValue.Member] = [
            .init("model", JSONValue(model.name)), .init("batch", JSONValue(batch)),
            .init("input", JSONValue(model.input.extents)), .init("classes", JSONValue(classes)),
            .init("products", JSONValue(products.rawValue)),
        ]

        let images = randomTensor([batch] + model.input, seed: UInt64(communicator.rank), in: pool)
        let cotangent = randomTensor([batch, classes], seed: 1, in: pool)
        let times = try timed(over: communicator, seconds: seconds / 2) {
            _ = classifier.inputGradient(of: images) { _ in cotangent }
        }
        let rate = try communicator.allGatherValue(Double(batch) / times.median).reduce(0, +)
        emit(
            line(
                "attack", [.init("attack", "input gradient")], shared,
                times.members, [.init("images_per_s", figure(rate))],
                try figures.members(communicator, operationsPerSecond: rate * operations)))

        // As many images as fill the time if none gives way early, and a whole batch of them a rank at least.
        let wanted = Int(rate * seconds / 2 / Double(steps)) / communicator.size
        let share = try communicator.broadcastValue(max(batch, wanted / batch * batch), from: 0)
        let pgd: [JSONValue.Member] = [.init("attack", "pgd"), .init("steps", JSONValue(steps))]
        emit(
            line(
                "attack", pgd, shared,
                try attack(
                    PGD(steps: steps), classifier, samples: share * communicator.size, in: pool, over: communicator),
                try figures.members(communicator)))

        guard cascadeSamples > 0 else { return }
        // The same images for every number of ranks, so that times can be compared.
        emit(
            line(
                "attack", [.init("attack", "autoattack")], shared,
                try attack(AutoAttack(), classifier, samples: cascadeSamples, in: pool, over: communicator),
                try figures.members(communicator)))
    }

    /// Makes BatchNorm's running statistics those of random images, as if trained on them: with the start values the
    /// network would hardly look at its input, and nothing would give way.
    private func settleStatistics(of state: ModelState, in pool: MemoryPool) {
        var context = state.context(.training)
        _ = state.model(randomTensor([batch] + model.input, seed: 2, in: pool), &context)
        var seen: [Scalar] = []
        for case let statistics? in context.seen { seen += statistics.mean.array + statistics.variance.array }
        // The start values fade by a tenth at a time.
        for _ in 0..<100 { state.commit(seen: seen) }
    }

    /// The images' labels are what the network says of them, so that the attack has all of them to break.
    private func attack(
        _ attack: any Attack, _ classifier: Classifier, samples: Int, in pool: MemoryPool,
        over communicator: any Communicator
    ) throws -> [JSONValue.Member] {
        let side = model.input[0], channels = model.input[-1]
        var dataset = RandomImages(count: samples, side: side, channels: channels, classes: classes)
        for start in stride(from: 0, to: samples, by: batch) {
            let block = start..<min(start + batch, samples)
            let images = dataset.tensor(of: Array(block), in: pool)
            for (index, label) in zip(block, classifier.predictions(images)) { dataset.labels[index] = label ?? 0 }
            communicator.heartbeat.beat()
        }
        var evaluation = RobustnessEvaluation(
            threat: ThreatModel(norm: .l2, epsilon: epsilon), attacks: [attack], seed: 1)
        evaluation.batch = batch
        evaluation.checks = nil
        evaluation.keepsImages = false

        let meter = WaitMeter(communicator)
        try communicator.barrier()
        let start = monotonicSeconds()
        let result = try evaluation.run(classifier, on: dataset, over: meter)
        let seconds = monotonicSeconds() - start
        let idle = try communicator.allGatherValue(meter.seconds / seconds)
        return [
            .init("epsilon", JSONValue(epsilon)),
            .init("samples", JSONValue(samples)), .init("robust_acc", figure(result.robustAccuracy)),
            .init("seconds", figure(seconds)), .init("images_per_s", figure(Double(samples) / seconds)),
            .init("idle_share", spread(idle)),
        ]
    }
}
