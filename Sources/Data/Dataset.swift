import Kernels

/// The values of pictures.
public let pixelRange: ClosedRange<Scalar> = 0...1

/// Labelled images of one shape, numbered from 0. Safe to read from several threads at once.
public protocol Dataset: Sendable {
    /// For example `CIFAR-10 train`.
    var name: String { get }
    var shape: ImageShape { get }
    /// The names of the classes; a label is a place in this list.
    var classNames: [String] { get }
    /// What every element of every image lies in, `pixelRange` for pictures; nil: nothing confines them.
    var range: ClosedRange<Scalar>? { get }
    /// Images, at least one unless the dataset is an empty `Subset`.
    var count: Int { get }
    /// SHA-256, in hexadecimal, over shape, classes, labels, pixels and what kind of data it is, such as
    /// `CIFAR-10 train`: equal where the content is, wherever its files lie, and different where it is not. Computed
    /// once, when the dataset is opened.
    var fingerprint: String { get }

    /// The class of image `index`, in `0 ..< classNames.count`.
    func label(_ index: Int) -> Int

    /// Writes image `index`, `shape.count` elements channels last.
    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>)
}
