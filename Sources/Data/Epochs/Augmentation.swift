import Randomness

/// The random crop and flip that training images undergo.
public struct Augmentation: Sendable, Equatable {
    /// Pixels of zero padding on each side, out of which a window of the image's own size is cut; 0 is no crop.
    public let crop: Int
    /// Whether half of the images, drawn at random, are mirrored, left to right.
    public let flip: Bool

    public init(crop: Int, flip: Bool) {
        precondition(crop >= 0, "Augmentation: crop \(crop)")
        self.crop = crop
        self.flip = flip
    }

    /// Images as they are.
    public static let none = Augmentation(crop: 0, flip: false)

    /// Where image `image` is shown in epoch `epoch`: a function of these, the seed and the augmentation alone, the
    /// same for every batch and rank that the image may fall to. Flips do not depend on whether crops are on.
    public func placement(seed: UInt64, epoch: Int, image: Int) -> Placement {
        guard self != .none else { return .identity }
        var stream = RandomStream(seed: seed, purpose: .augmentation, UInt64(epoch), UInt64(image))
        let mirrored = stream.below(2) == 1 && flip
        let dx = stream.below(2 * crop + 1) - crop
        let dy = stream.below(2 * crop + 1) - crop
        return Placement(dx: dx, dy: dy, mirrored: mirrored)
    }
}
