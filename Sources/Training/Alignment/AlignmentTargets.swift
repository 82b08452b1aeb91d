import Distributed
import Failures
import Targets

/// The target gradients of a run.
struct AlignmentTargets {
    private let loss: LossConfiguration
    private let context: TargetContext
    private let communicator: any Communicator

    init(_ configuration: RunConfiguration, _ data: TrainingData, _ communicator: any Communicator) {
        loss = configuration.loss
        context = TargetContext(
            train: data.train, seed: configuration.seed, work: CommunicatorWorkSharing(communicator: communicator))
        self.communicator = communicator
    }

    /// Those of the images that are trained on, nil in a run without the alignment term. Collective.
    func prepare() throws -> (any TargetSource)? {
        guard let alignment = loss.activeAlignment else { return nil }
        communicator.heartbeat.beat("target gradients", step: 0)
        return try alignment.targets.prepare(context)
    }

    /// Those of other images, also in a run without the term; nil where they cannot be had. Collective.
    func prepareUnseen() throws -> (any UnseenTargets)? {
        do {
            return try loss.alignment.targets.prepareUnseen(context)
        } catch let failure as Failure where failure.kind == .badInput && loss.activeAlignment == nil {
            // A run that is not aligned needs no targets, so it is none the worse for having none.
            return nil
        }
    }
}
