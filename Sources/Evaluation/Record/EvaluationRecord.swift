import Data
import Distributed
import Kernels

/// What an evaluation has found: outcomes of its attacks in a folder, where it has one, and the images that broke
/// samples, where they are kept.
final class EvaluationRecord {
    private let samples: Int
    private let communicator: any Communicator
    private let state: EvaluationState?
    private let images: AdversarialImages?
    /// Attacks so far; their numbers name the files of the state.
    private var stages = 0

    /// - Parameters:
    ///   - samples: images that are attacked, from the data set's first.
    ///   - state: where outcomes are kept as they come, and taken from.
    ///   - keepsImages: whether adversarial images may be recorded.
    init(
        of dataset: any Dataset, samples: Int, state: EvaluationState?, keepsImages: Bool,
        over communicator: any Communicator
    ) {
        self.samples = samples
        self.communicator = communicator
        self.state = state
        images = keepsImages ? AdversarialImages(dataset, samples: samples, communicator) : nil
    }

    /// On rank 0 all samples' images [N, H, W, C]: the recorded one, or the clean one where there is none. Empty on
    /// other ranks, and where images are not kept.
    var adversarialImages: [Scalar] { images?.all ?? [] }

    /// Begins an attack with what the state knows of it. Collective.
    /// - Parameters:
    ///   - among: the samples that it is run on.
    ///   - recording: keep the images that break samples, unless the sample has one.
    ///   - measures: whether distances are kept.
    ///   - isAllowed: whether an adversarial image may be one of a sample.
    /// - Throws: `badInput` for a damaged file; what the communicator throws.
    func restore(
        _ name: String, among: [Bool], recording: Bool, measures: Bool,
        isAllowed: (_ sample: Int, _ image: Source) -> Bool
    ) throws -> AttackStage {
        stages += 1
        let images = recording ? images : nil
        let known = try state?.known(of: stages, measures: measures, isAllowed: isAllowed) { images?.keep($0, $1) }
        return AttackStage(
            number: stages, name: name, among: among, known: known ?? .nothing(samples: samples), state: state,
            images: images, measures: measures, communicator)
    }
}
