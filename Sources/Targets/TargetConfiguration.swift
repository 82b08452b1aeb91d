import Configuration
import Data
import Failures
import Formats

/// The settings of a target source, and how it is made. A new source is one file and one line in `plainTargets`.
public protocol TargetConfiguration: Configurable {
    /// Files that it reads besides the data.
    var inputFiles: [InputFile] { get }
    /// Throws where files are missing or wrong. Collective: every rank prepares the same source.
    func prepare(_ context: TargetContext) throws -> any TargetSource
    /// The same for other images, cheaper to prepare; nil where the source has none.
    func prepareUnseen(_ context: TargetContext) throws -> (any UnseenTargets)?
    /// The same wherever its files lie.
    var withoutPlaces: any TargetConfiguration { get }
}

/// What a target source can know while it is prepared.
public struct TargetContext {
    /// The images that are trained on, a view of the whole training split.
    public let train: Subset
    /// Of all random numbers.
    public let seed: UInt64
    /// How ranks divide what each needs the whole of.
    public let work: any WorkSharing

    public init(train: Subset, seed: UInt64, work: any WorkSharing) {
        self.train = train
        self.seed = seed
        self.work = work
    }

    /// As many as the whole data set has, whether or not images of them are trained on.
    public var classes: Int { train.classNames.count }

    /// Indices of the training images of each class. Throws where a class has none.
    func members() throws -> [[Int]] {
        var members = [[Int]](repeating: [], count: classes)
        for index in 0..<train.count { members[train.label(index)].append(index) }
        if let empty = members.firstIndex(where: \.isEmpty) {
            throw Failure(
                .badInput,
                "\(train.name): no image of class \(empty) (\(train.classNames[empty])) among the "
                    + "\(train.count) that are trained on, so no target gradient toward it")
        }
        return members
    }
}
