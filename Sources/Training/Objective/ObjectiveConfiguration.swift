import Configuration
import Data
import Diffusion
import Models

/// One kind of the `loss` section: its fields, the objective that they make, and what a run of it needs. A new kind is
/// one file and one line in `objectives`.
public protocol ObjectiveConfiguration: Configurable {
    /// What it is, for people: "cross-entropy".
    var title: String { get }
    /// What it trains.
    var task: Task { get }
    /// The `model` section's network where the file says nothing.
    var standardArchitecture: any Architecture { get }
    /// `monitor.everyEpochs` where the file says nothing.
    var standardMonitorEpochs: Int { get }
    /// The alignment term's weight where the user gives none: positive where the term belongs to the kind, 0 where a
    /// weight adds it, nil where there is no such term.
    var standardAlignmentWeight: Double? { get }
    /// How images become noise, for a network that learns to take it away.
    var diffusion: DiffusionProcess? { get }

    /// Whether it can train such a network.
    func trains(_ architecture: any Architecture) -> Bool
    /// How the network sees the images of a data set where the file says nothing.
    func standardNormalisation(_ splits: DatasetSplits) -> ModelConfiguration.Normalize
    /// The objective, with the alignment term as it is at some moment of the run, nil in a run that has none, and how that
    /// is computed.
    func objective(with alignment: AlignmentTerm?, by method: any AlignmentMethod) -> any Objective
    /// Who looks at the network after an epoch.
    func monitors(_ context: HeldOutContext) -> [any HeldOutMonitor]
    var best: BestRule { get }
}
