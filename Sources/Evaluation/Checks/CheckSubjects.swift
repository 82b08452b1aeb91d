import Data
import Kernels
import Perturbations

/// What checks look at: an evaluation's first samples, and what its attacks have left of them.
struct CheckSubjects {
    let runner: DistributedAttacks
    /// Samples, from the first, that are looked at.
    let count: Int
    /// Those among them that are classified correctly; one flag for every sample of the evaluation.
    let correct: [Bool]
    private let attacks: [RobustnessResult.AttackOutcome]

    /// - Parameters:
    ///   - correct: one flag a sample.
    ///   - most: samples that are looked at, where there are as many.
    init(
        _ runner: DistributedAttacks, correct: [Bool], attacks: [RobustnessResult.AttackOutcome], most: Int
    ) {
        let count = min(max(1, most), correct.count)
        self.runner = runner
        self.count = count
        self.correct = correct.enumerated().map { $1 && $0 < count }
        self.attacks = attacks
    }

    /// The samples that are looked at, whether or not they are classified correctly.
    var all: [Bool] { correct.indices.map { $0 < count } }

    /// The largest budget that makes a difference. Where there is no box, one with which each image looked at could become
    /// any other one, and no less than ten times the evaluation's.
    var everything: ThreatModel {
        let threat = runner.threat
        guard threat.box != ThreatModel.unbounded else {
            return threat.with(epsilon: max(10 * threat.epsilon, threat.norm.length(of: extents)))
        }
        let side = Double(threat.box.upperBound) - Double(threat.box.lowerBound)
        let across = Array(repeating: side, count: runner.samples.dataset.shape.count)
        return threat.with(epsilon: threat.norm.length(of: across))
    }

    /// How far apart the images looked at are in each of their values.
    private var extents: [Double] {
        let dataset = runner.samples.dataset, size = dataset.shape.count
        var image = [Scalar](repeating: 0, count: size)
        var low = [Double](repeating: .infinity, count: size), high = low.map { -$0 }
        for sample in 0..<count {
            dataset.read(sample, into: &image)
            for i in 0..<size {
                low[i] = min(low[i], Double(image[i]))
                high[i] = max(high[i], Double(image[i]))
            }
        }
        return zip(high, low).map { $0 - $1 }
    }

    /// The share of the samples that survive an attack, under the evaluation's threat unless another is given.
    func accuracy(under attack: any Attack, _ threat: ThreatModel? = nil) throws -> Double {
        let known = attacks.first { $0.name == attack.name && $0.sawEveryImage && threat == nil }
        let flags =
            try known?.survived
            ?? runner.survivors(
                of: attack, among: correct, under: threat, stage: "check, \(attack.name)"
            ).flags
        return share(flags)
    }

    /// The share of the samples, right or wrong, whose flag is set.
    func share(_ flags: [Bool]) -> Double { Double(flags.prefix(count).count { $0 }) / Double(count) }

    /// The share of those classified correctly whose flag is set.
    func shareOfCorrect(_ stage: String, _ body: (AttackBatch) throws -> [Bool]) throws -> Double {
        let flags = try runner.samples.flags(stage: "check, \(stage)", among: correct, body)
        return Double(flags.count { $0 }) / Double(max(1, correct.count { $0 }))
    }
}
