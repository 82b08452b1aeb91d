/// How the gradients of a shard's classes are computed: how many classes and images at a time, and whether in
/// log-probabilities one class is saved.
///
/// A function of sizes alone, so that the bits of a run do not depend on the machine's memory.
public struct StreamPlan: Equatable {
    /// Classes whose gradients are differentiated at one time.
    public let classChunk: Int
    /// Images whose gradients are computed at one time: all classes of some, then those of the next.
    public let imageChunk: Int
    /// Whether the gradients of all log-probabilities come from one stream less. The first-order graphs of all chunks
    /// are then in memory together, because every gradient depends on all streams.
    public let sharesReference: Bool
    private let classes, images: Int

    /// Whether one pass takes all gradients.
    public var isOnePass: Bool { imageChunk >= images && classChunk >= (sharesReference ? classes - 1 : classes) }

    /// Places in the shard, in order and all of them.
    public var imageChunks: [Range<Int>] {
        stride(from: 0, to: images, by: imageChunk).map { $0..<min(images, $0 + imageChunk) }
    }

    /// - Parameters:
    ///   - classes: rows of input gradients.
    ///   - images: in the shard.
    ///   - isCoupled: statistics make every class depend on all others: there is one pass.
    ///   - isPerImage: no image's gradient depends on another's. Asked only where images would be taken apart.
    ///   - canShareReference: the rows are all classes, in order, of log-probabilities, image by image.
    ///   - givenClasses: the chunk of classes that the user wants in place of a choice; likewise `givenImages`.
    ///   - activations: bytes that one forward pass keeps. One class's gradients keep about as many, and as many
    ///     again while they are differentiated.
    ///   - parameters: bytes of all parameters.
    ///   - budget: bytes for the graphs of all classes.
    public init(
        classes: Int, images: Int, isCoupled: Bool, isPerImage: @autoclosure () -> Bool, canShareReference: Bool,
        givenClasses: Int?, givenImages: Int?, activations: Int, parameters: Int, budget: Int
    ) {
        self.classes = classes
        self.images = images
        guard !isCoupled else {
            imageChunk = images
            classChunk = classes
            sharesReference = false
            return
        }
        // Measured: small networks are fastest while their streams stay in the cache, large ones where every pass over
        // the filters serves many images.
        let image = max(1, activations / max(1, images))
        let fastest = max(1, (Self.cache + 16 * parameters) / image)
        let wanted = max(1, givenImages ?? Self.even(images, atMost: fastest / Self.classesTogether))
        imageChunk = wanted < images && isPerImage() ? wanted : images
        let stream = image * imageChunk
        sharesReference = canShareReference && classes * stream <= budget
        let fitting = sharesReference ? classes : budget / (2 * stream)
        let chosen = Self.even(sharesReference ? classes - 1 : classes, atMost: min(fitting, fastest / imageChunk))
        classChunk = max(1, min(givenClasses ?? chosen, classes))
    }

    /// The size of the fewest parts of at most so many, all of about one size.
    private static func even(_ count: Int, atMost size: Int) -> Int {
        let size = max(1, size), parts = max(1, (count + size - 1) / size)
        return (count + parts - 1) / parts
    }

    private static let cache = 32 << 20
    /// Classes that go together, if possible: they read the same gates.
    private static let classesTogether = 3
}
