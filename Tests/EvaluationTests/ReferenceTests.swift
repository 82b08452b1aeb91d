import Autodiff
import Evaluation
import Formats
import Kernels
import Layers
import Models
import Perturbations
import Testing

/// Attacks that draw nothing at random, step by step against what the reference implementations found in float64.
/// `Reference/make_reference.py` made the file.
struct ReferenceTests {
    private let file: SafetensorsFile
    private let classifier: Classifier
    private let batch: AttackBatch
    /// The likeliest wrong class of each image.
    private let targets: [Int]
    private let pool = MemoryPool()

    init() throws {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let file = try SafetensorsFile(path: "\(folder)/Reference/attacks.safetensors")
        self.file = file
        let images: [Scalar] = try file.values(of: "images"), labels: [Int64] = try file.values(of: "labels")
        var architecture = MultilayerPerceptron()
        architecture.hidden = [24]
        architecture.activation = .gelu
        let model = Model(
            architecture, normalisation: InputNormalisation(mean: [0], deviation: [1]), input: [6, 6, 1], classes: 6)
        let state = ModelState(model, in: pool)
        let numbers: [Scalar] = try ["hidden.weight", "hidden.bias", "linear.weight", "linear.bias"].flatMap {
            try file.values(of: $0) as [Scalar]
        }
        try #require(numbers.count == state.parameters.count)
        state.parameters.pointer.update(from: numbers, count: numbers.count)
        classifier = Classifier(state)
        batch = AttackBatch(
            images: Tensor([labels.count, 6, 6, 1], images, in: pool), labels: labels.map(Int.init),
            indices: Array(labels.indices))
        let logits = classifier.logits(batch.images).array
        targets = labels.indices.map { row in
            (0..<6).filter { $0 != Int(labels[row]) }.max { logits[row * 6 + $0] < logits[row * 6 + $1] } ?? 0
        }
    }

    private func context(_ norm: ThreatModel.Norm, epsilon: Double? = nil) -> AttackContext {
        let usual = norm == .l0 ? 1 : norm.choice(l1: 0.5, l2: 0.2, linf: 0.04)
        let threat = ThreatModel(norm: norm, epsilon: epsilon ?? usual)
        return AttackContext(classifier: classifier, threat: threat, seed: 1)
    }

    /// Runs of 10 steps have checkpoints at every second and later at every step. Near the optimum a rounding decides
    /// whether a loss has risen, and with it whether a step is halved: longer runs in single precision part from each
    /// other, as the reference's own do in its two precisions, and under `l2`, where the projection gives way by 1e-8
    /// to end inside the ball, runs of 100 steps do in double precision too.
    @Test(arguments: ThreatModel.Norm.proper, ["ce", "dlr", "dlr-targeted"])
    func apgdTakesTheSameSteps(norm: ThreatModel.Norm, loss: String) throws {
        let start = Tensor(batch.images.shape, try file.values(of: "\(norm.rawValue).start"), in: pool)
        let isDouble = Scalar.self == Double.self
        for steps in isDouble ? (norm == .l2 ? [3, 10, 30] : [3, 10, 30, 100]) : [3, 10] {
            let expected: [Scalar] = try file.values(of: "\(norm.rawValue).apgd.\(loss).\(steps)")
            let attack = APGD(name: loss, loss: loss == "ce" ? .crossEntropy : .logitRatio, steps: steps)
            let found = attack.ascend(
                from: start, batch, targets: loss == "dlr-targeted" ? targets : nil, context(norm)
            ).array
            let difference = zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(difference < (isDouble ? 1e-8 : 2e-5), "\(norm), \(loss), \(steps) steps: \(difference)")
        }
    }

    @Test(arguments: ThreatModel.Norm.proper)
    func fabFindsTheSameDistances(norm: ThreatModel.Norm) throws {
        for steps in [10, 40] {
            for (name, goal) in [("fab", AttackGoal.likeliest(5)), ("fab-untargeted", .untargeted)] {
                let expected: [Double] = try file.values(of: "\(norm.rawValue).\(name).\(steps)")
                let found = FAB(steps: steps, goal: goal).nearest(batch, context(norm)).distances
                for (ours, theirs) in zip(found, expected) {
                    #expect(abs(ours - theirs) < 1e-4 * theirs, "\(norm), \(name), \(steps): \(ours), \(theirs)")
                }
            }
        }
    }

    /// Where the library's walk ends before the boundary, as it does where the box takes away from its radius, FAB says how
    /// far that is; of sparse moves it finds shorter ones.
    @Test(arguments: ThreatModel.Norm.allCases)
    func fmnFindsTheSameDistances(norm: ThreatModel.Norm) throws {
        for steps in [10, 100] {
            let expected: [Double] = try file.values(of: "\(norm.rawValue).fmn.\(steps)")
            let other: [Double] = norm == .l0 ? expected : try file.values(of: "\(norm.rawValue).fab.40")
            let found = FMN(steps: steps).nearest(batch, context(norm), until: 0).distances
            for (row, distance) in found.enumerated() {
                let goal = expected[row].isFinite ? expected[row] : other[row]
                let slack = (steps == 10 ? 0.05 : 0.01) * (expected[row].isFinite ? 1 : norm == .l1 ? 8 : 3)
                #expect(
                    distance == goal || abs(distance - goal) < slack * goal,
                    "\(norm), \(steps) steps: \(distance), \(expected[row]), \(other[row])")
            }
        }
    }

    @Test func ddnFindsTheSameDistances() throws {
        for steps in [10, 100] {
            let expected: [Double] = try file.values(of: "l2.ddn.\(steps)")
            let found = DDN(steps: steps).nearest(batch, context(.l2), until: 0).distances
            for (ours, theirs) in zip(found, expected) {
                #expect(ours == theirs || abs(ours - theirs) < 1e-3 * theirs, "\(steps) steps: \(ours), \(theirs)")
            }
        }
    }

    /// An image is broken at 1.01 times the distance that foolbox's attack needs.
    @Test func carliniWagnerIsAsStrong() throws {
        let expected: [Double] = try file.values(of: "l2.cw")
        for (row, distance) in expected.prefix(2).enumerated() {
            let found = CarliniWagner().perturb(batch.rows([row]), context(.l2, epsilon: 1.01 * distance))
            #expect(classifier.misclassifies(found, [batch.labels[row]]) == [true], "image \(row)")
        }
    }
}
