import Data
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
