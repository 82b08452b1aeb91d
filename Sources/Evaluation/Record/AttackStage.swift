import Distributed
import Kernels

/// One attack of an evaluation as its record sees it: what was known of it before, what is found block by block, and
/// what all ranks know in the end.
final class AttackStage {
    let name: String
    private let number: Int
    private let among: [Bool]
    private let state: EvaluationState?
    private let images: AdversarialImages?
    private let measures: Bool
    private let communicator: any Communicator
    private let start = ContinuousClock.now
    private let known: EvaluationState.Known

    /// - Parameters:
    ///   - among: the samples that the attack is run on.
    ///   - known: what the state has of it.
    ///   - images: where images that break samples are kept; nil: nowhere.
    ///   - measures: whether the attack's distances are kept.
    init(
        number: Int, name: String, among: [Bool], known: EvaluationState.Known, state: EvaluationState?,
        images: AdversarialImages?, measures: Bool, _ communicator: any Communicator
    ) {
        self.number = number
        self.name = name
        self.among = among
        self.known = known
        self.state = state
        self.images = images
        self.measures = measures
        self.communicator = communicator
    }

    /// The samples of which nothing is known.
    var left: [Bool] { zip(among, known.findings).map { $0 && $1 == nil } }

    /// Keeps what has become of a block of samples. On the rank that attacked them.
    /// - Parameter image: the image that a sample has become, by its place in the block.
    func add(_ samples: [Int], _ findings: [AttackFinding], image: (_ place: Int) -> Source) throws {
        for (place, sample) in samples.enumerated() where findings[place].outcome != .survived {
            images?.keep(sample, image(place))
        }
        try state?.write(inFile(samples, findings), of: number, name, part: "\(samples[0])")
    }

    /// Ends the attack with what was found of what was `left`, which are the same on every rank. Collective.
    func settle(_ found: [AttackFinding?]) throws -> AttackSurvivors {
        let findings = zip(known.findings, found).map { $0 ?? $1 ?? AttackFinding(.broken) }
        let outcomes = findings.map(\.outcome)
        let survived = zip(among, outcomes).map { $0 && $1 == .survived }
        let broken = zip(among, survived).map { $0 && !$1 }
        try images?.collect(broken: broken)
        if communicator.rank == 0, left.contains(true) {
            let asked = among.indices.filter { among[$0] }
            try state?.close(inFile(asked, asked.map { findings[$0] }), of: number, name)
        }
        images?.seal(broken: broken)
        let undefined = zip(among, outcomes).map { $0 && $1 == .undefined }
        return AttackSurvivors(
            flags: survived, undefined: undefined,
            distances: measures ? zip(among, findings).map { $0 ? $1.distance : 0 } : nil, seconds: seconds)
    }

    private var seconds: Double { known.seconds + (ContinuousClock.now - start) / .seconds(1) }

    private func inFile(_ samples: [Int], _ findings: [AttackFinding]) -> StageFindings {
        let pictured = zip(samples, findings).compactMap {
            $1.outcome != .survived && images?.image($0) != nil ? $0 : nil
        }
        return StageFindings(
            samples: samples, outcomes: findings.map(\.outcome),
            distances: measures ? findings.map(\.distance) : nil, pictured: pictured,
            images: pictured.flatMap { images?.image($0) ?? [] }, seconds: seconds)
    }
}
