import Configuration
import Data
import Failures
import Formats
import Kernels

/// Where target gradients g(x, t) come from: for every training image and class an image-shaped vector that points from
/// the image toward the class.
public protocol TargetSource: Sendable {
    /// Writes g for image `index` of the training set and class `target`, channels last, `shape.count` numbers.
    /// `pixels` is the image as the data set has it; augmentation moves image and target alike afterwards.
    func write(index: Int, pixels: Source, target: Int, into out: Destination)
    /// Of what files hold, nil where nothing comes from a file: runs go on with equal targets, wherever they lie.
    var contentHash: String? { get }
    /// What the user should know of them.
    var notices: [String] { get }
}

extension TargetSource {
    public var contentHash: String? { nil }
    public var notices: [String] { [] }
}

/// Target gradients of images that are not of the training set: to look at alignment where nothing was fitted.
public protocol UnseenTargets: Sendable {
    /// Writes g for an image and class `target`, channels last.
    func write(pixels: Source, target: Int, into out: Destination)
    /// The same for several images of `size` numbers, one after the other: a source may have a cheaper way for many.
    func write(images: Source, count: Int, size: Int, target: Int, into out: Destination)
}

extension UnseenTargets {
    public func write(images: Source, count: Int, size: Int, target: Int, into out: Destination) {
        for i in 0..<count { write(pixels: images + i * size, target: target, into: out + i * size) }
    }
}

/// The settings of a target source, and how it is made. A new source is one file and one line in `TargetRegistry`.
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

extension TargetConfiguration {
    public var withoutPlaces: any TargetConfiguration { self }
}

/// What a target source can know while it is prepared.
public struct TargetContext {
    /// The images that are trained on, a view of the whole training split.
    public let train: Subset
    public let seed: UInt64
    public let work: any WorkSharing

    public init(train: Subset, seed: UInt64, work: any WorkSharing) {
        self.train = train
        self.seed = seed
        self.work = work
    }

    public var classes: Int { train.classNames.count }

    /// Indices of the training images of each class. Throws where a class has none.
    func members() throws -> [[Int]] {
        var members = [[Int]](repeating: [], count: classes)
        for index in 0..<train.count { members[train.label(index)].append(index) }
        if let empty = members.firstIndex(where: \.isEmpty) {
            throw Failure(
                .badInput, "\(train.name): no image of class \(empty) (\(train.classNames[empty])) among the "
                    + "\(train.count) that are trained on, so no target gradient toward it")
        }
        return members
    }
}

/// Divides work that every rank needs the results of. Results must not depend on the division.
public protocol WorkSharing {
    /// The results of `body` for 0 ..< count, in order, on every rank.
    func share(_ count: Int, _ body: (Int) throws -> [Int32]) throws -> [[Int32]]
}

public enum TargetRegistry {
    public static let kinds: [Kind<any TargetConfiguration>] = [
        Kind("one-image", OneImage.self) { $0 },
        Kind("class-mean", ClassMean.self) { $0 },
        Kind("nearest-neighbour", NearestNeighbour.self) { $0 },
        Kind("file", TargetFile.self) { $0 },
        Kind("random", RandomVectors.self) { $0 },
        Kind("shuffled", ShuffledClasses.self) { $0 },
    ]
}
