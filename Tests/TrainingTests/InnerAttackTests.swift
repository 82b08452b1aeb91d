import Autodiff
import Configuration
import Data
import Kernels
import Layers
import Models
import Perturbations
import Randomness
import Testing
import Training

/// What holds for inner attacks whatever the network.
@Suite struct InnerAttackTests {
    let pool = MemoryPool()
    let state: ModelState

    init() {
        var architecture = ResNet()
        architecture.widths = [4]
        architecture.blocks = [1]
        architecture.activation = .gelu
        let model = Model(
            architecture, normalisation: InputNormalisation(mean: [0.5], deviation: [0.3]), input: [6, 6, 1], classes: 4
        )
        state = ModelState(initialising: model, seed: 3, in: pool)
    }

    /// Some of the images 0 ..< 6.
    func passes(_ images: [Int], epoch: Int = 2, range: ClosedRange<Scalar>? = pixelRange) -> ShardPasses {
        let all = Tensor([6, 6, 6, 1], in: pool) { out in
            var stream = RandomStream(seed: 5, purpose: .test, 1)
            for i in 0..<(6 * 36) { out[i] = Scalar(stream.uniform()) }
        }
        let picked = Tensor([images.count, 6, 6, 1], in: pool) { out in
            for (row, image) in images.enumerated() {
                (out + row * 36).update(from: all.pointer + image * 36, count: 36)
            }
        }
        return ShardPasses(
            LabelledImages(
                images: picked, range: range, labels: images.map { $0 % 4 },
                keys: ImageKeys(seed: 9, epoch: epoch, indices: images.map { 100 + $0 })),
            state, parameters: state.tensors(of: state.parameters), .training)
    }

    func attack(_ text: String) throws -> InnerAttack { try Configuration.read(text: text, source: "test") }

    static let attacks = [
        "{norm: l2, epsilon: 0.5, steps: 5}", "{norm: linf, epsilon: 8/255, steps: 5}",
        "{norm: l2, epsilon: 0.5, steps: 3, randomStart: small}", "{norm: linf, epsilon: 0.1, steps: 1}",
        "{norm: linf, epsilon: 0.1, steps: 1, randomStart: false}", "{norm: l1, epsilon: 2, steps: 5}",
    ]

    @Test(arguments: attacks) func imagesStayWithinTheThreat(_ text: String) throws {
        let attack = try attack(text), shard = passes([0, 1, 2, 3, 4, 5])
        let moved = attack(shard, maximising: .crossEntropy)
        let threat = ThreatModel(norm: attack.norm, epsilon: attack.epsilon.value)
        for row in 0..<6 {
            let original = shard.shard.images.pointer + row * 36
            #expect(threat.allows(36, moved.pointer + row * 36, original: original))
            #expect(threat.distance(36, moved.pointer + row * 36, original) > 0)
        }
    }

    @Test func theDataSaysWhatConfinesAnImage() throws {
        let attack = try attack("{norm: linf, epsilon: 2, steps: 2}")
        for range in [0...1, -1...2] as [ClosedRange<Scalar>] {
            let moved = attack(passes([0, 1], range: range), maximising: .crossEntropy).array
            #expect(moved.min() == range.lowerBound && moved.max() == range.upperBound)
        }
        let free = attack(passes([0, 1], range: nil), maximising: .crossEntropy).array
        #expect(free.contains { $0 < -1 } && free.contains { $0 > 2 })
    }

    @Test(arguments: attacks) func theShardHasNoPartInWhatBecomesOfAnImage(_ text: String) throws {
        let attack = try attack(text)
        for goal in [InnerAttack.Goal.crossEntropy, .divergence] {
            let together = attack(passes([0, 1, 2, 3, 4, 5]), maximising: goal).array
            let apart = [[0, 1], [2], [3, 4, 5]].flatMap { attack(passes($0), maximising: goal).array }
            #expect(together == apart)
        }
    }

    @Test func startsDifferFromEpochToEpoch() throws {
        let attack = try attack("{norm: l2, epsilon: 0.5, steps: 1, stepSize: 0.001}")
        #expect(
            attack(passes([0]), maximising: .crossEntropy).array
                != attack(passes([0], epoch: 3), maximising: .crossEntropy).array)
    }

    @Test(arguments: attacks, InnerAttack.Statistics.allCases)
    func whatIsNotFiniteShows(_ text: String, _ statistics: InnerAttack.Statistics) throws {
        var attack = try attack(text)
        attack.statistics = statistics
        // Only evaluation's statistics are broken, so that nothing but the attack could notice.
        if statistics == .eval { state.statistics.pointer[0] = .nan } else { state.parameters.pointer[0] = .infinity }
        let moved = attack(passes([0, 1]), maximising: .crossEntropy)
        #expect(moved.array.allSatisfy { $0.isNaN })
    }

    @Test func stepLengthsHaveSensibleDefaults() throws {
        func length(_ text: String) throws -> Double { try attack(text).stepLength }
        #expect(try length("{epsilon: 0.4, steps: 10}") == 0.1)
        #expect(try length("{epsilon: 0.4, steps: 1}") == 0.5)
        #expect(try length("{epsilon: 0.4, steps: 1, randomStart: false}") == 0.4)
        #expect(try length("{epsilon: 8/255, steps: 10, stepSize: 2/255}") == 2.0 / 255)
    }

    @Test func attacksReadBackAsTheyAreWritten() throws {
        for text in Self.attacks {
            let attack = try attack(text)
            let written = try Configuration.text(of: attack)
            #expect(try Configuration.text(of: self.attack(written)) == written)
        }
        let fraction = try Configuration.text(of: attack("{epsilon: 8/255}"))
        #expect(fraction.contains("\"8/255\""))
    }
}
