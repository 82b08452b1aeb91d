import Kernels

/// Some images of another dataset, in the order of a list: image i is image `indices[i]` of `base`.
public struct Subset: Dataset {
    /// What the images are of.
    public let base: any Dataset
    public let name: String
    /// The places of the images in `base`.
    public let indices: [Int]
    public let fingerprint: String

    /// Every index must exist in `base`; one may occur more than once. `name` nil: that of `base`.
    public init(_ base: any Dataset, indices: [Int], name: String? = nil) {
        precondition(
            indices.allSatisfy { $0 >= 0 && $0 < base.count },
            "Subset of \(base.name): an index is not below \(base.count)")
        self.base = base
        self.name = name ?? base.name
        self.indices = indices
        var fingerprint = Fingerprint(
            name: "subset of \(base.fingerprint)", shape: base.shape, classNames: base.classNames, count: indices.count)
        indices.withUnsafeBytes { fingerprint.add($0) }
        self.fingerprint = fingerprint.text()
    }

    public var shape: ImageShape { base.shape }
    public var classNames: [String] { base.classNames }
    public var range: ClosedRange<Scalar>? { base.range }
    public var count: Int { indices.count }

    public func label(_ index: Int) -> Int { base.label(indices[index]) }

    public func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
        base.read(indices[index], into: image)
    }
}
