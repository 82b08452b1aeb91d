import Autodiff
import Distributed
import Figures
import Formats
import Models
import Targets

/// Looks at a run's network on images that it is not trained on, at the end of an epoch.
public protocol HeldOutMonitor {
    /// Throws, before anything is computed, what could not be done with the images.
    func validate() throws
    /// What takes time, once, before the first step. Collective.
    func prepare() throws
    /// With the given parameters. Collective; the same on every rank, for any number of ranks.
    func callAsFunction(_ state: ModelState, parameters: Storage) throws -> HeldOutReport
}

/// What a monitor has found.
public struct HeldOutReport: Sendable {
    /// One number, or one for each target class.
    public enum Value: Sendable {
        case number(Double)
        case byClass([(name: String, value: Double)])

        /// A number, or an object with a member for each class.
        public var json: JSONValue {
            switch self {
            case .number(let number): .number(number)
            case .byClass(let numbers): .object(numbers.map { .init($0.name, .number($0.value)) })
            }
        }
    }

    /// In the order in which they are logged.
    public let figures: [(figure: Figure, value: Value)]
    /// "held-out error 0.012"
    public let summary: String
    /// What makes the figures less than they seem. Said once.
    public let notes: [String]

    public init(figures: [(figure: Figure, value: Value)], summary: String, notes: [String] = []) {
        self.figures = figures
        self.summary = summary
        self.notes = notes
    }

    /// Of a monitor that cannot see anything.
    static let nothing = HeldOutReport(figures: [], summary: "")

    /// A figure that is one number, nil where it is not among them.
    public subscript(wanted: Figure) -> Double? {
        for case (wanted, .number(let value)) in figures { return value }
        return nil
    }
}

/// What monitors are made from.
public struct HeldOutContext {
    /// What is held out is `validation`.
    public let data: TrainingData
    public let settings: MonitorConfiguration
    /// Also in a run without the alignment term.
    public let alignment: AlignmentConfiguration
    /// The run's, of all that a monitor draws.
    public let seed: UInt64
    /// Where the monitor's tensors are made.
    public let pool: MemoryPool
    public let communicator: any Communicator
    /// Nil where nobody can attack the network.
    public let robustness: RobustnessMeasurement?
    /// Target gradients for images that are not trained on, nil where there are none. Collective.
    public let unseenTargets: () throws -> (any UnseenTargets)?
}
