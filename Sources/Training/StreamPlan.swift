/// How the gradients of a shard's classes are computed: how many at a time, and whether in log-probabilities one of
/// them is saved.
///
/// A function of sizes alone, so that the bits of a run do not depend on the machine's memory.
public struct StreamPlan: Equatable {
    /// Classes whose gradients are differentiated at one time.
    public let chunk: Int
    /// Whether the gradients of all log-probabilities come from one stream less. The first-order graphs of all chunks
    /// are then in memory together, because every gradient depends on all streams.
    public let sharesReference: Bool
    private let classes: Int

    /// Whether one pass takes all classes' gradients.
    public var isOnePass: Bool { chunk >= (sharesReference ? classes - 1 : classes) }

    /// - Parameters:
    ///   - classes: rows of input gradients.
    ///   - isCoupled: statistics make every class depend on all others: there is one pass.
    ///   - canShareReference: the rows are all classes, in order, of log-probabilities, image by image.
    ///   - given: what the user wants in place of a choice.
    ///   - activations: bytes that one forward pass keeps. One class's gradients keep about as many, and as many
    ///     again while they are differentiated.
    ///   - parameters: bytes of all parameters.
    ///   - budget: bytes for the graphs of all classes.
    public init(
        classes: Int, isCoupled: Bool, canShareReference: Bool, given: Int?, activations: Int, parameters: Int,
        budget: Int
    ) {
        self.classes = classes
        let stream = max(1, activations)
        guard !isCoupled else {
            chunk = classes
            sharesReference = false
            return
        }
        sharesReference = canShareReference && classes * stream <= budget
        let fitting = sharesReference ? classes : max(1, min(classes, budget / (2 * stream)))
        // Measured: small networks are fastest while their streams stay in the cache, large ones where every pass over
        // the filters serves many images.
        let fastest = max(1, (Self.cache + 16 * parameters) / stream)
        chunk = min(given ?? min(fitting, fastest), classes)
    }

    private static let cache = 32 << 20
}
