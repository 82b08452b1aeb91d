import Configuration
import Kernels

/// The `compute` section: how a run is computed. `products` is part of what a run is; of the other keys `memory`, the
/// chunks and `convolution` may change bits, in rounding.
public struct ComputeConfiguration: Configurable {
    /// Mebibytes for what the input gradients of one shard keep. Where those of all classes do not fit, they are taken
    /// in chunks, and one stream more is computed.
    public var memory = 1024
    /// Classes whose gradients are differentiated at one time; null: what is fastest within `memory`.
    public var classChunk: Int?
    /// Images of a shard, likewise. Where statistics couple images they go together whatever this says.
    public var imageChunk: Int?
    /// `auto`: the fastest method for each shape; `blas`: patches and matrix products for all, the reference.
    public var convolution = ConvolutionPreference.auto
    /// In which precision the factors of convolutions, linear layers and attention are multiplied; sums, and all else, are
    /// float32.
    public var products = ProductPrecision.float32
    /// Whether gradients travel between ranks while the backward pass goes on. The bits are the same.
    public var overlap = true
    /// Steps between comparisons of all ranks' parameters; 0: never.
    public var replicaCheckEvery = 100
    /// Stops at the first operation that gives a non-finite number, naming it. Slow; for debugging.
    public var trapNonFinite = false
    /// Seconds without progress after which the job is ended; 0: never.
    public var watchdog = 600.0

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("memory", &memory, in: 1...(1 << 20))
        try fields.optional("classChunk", &classChunk, check: .positive)
        try fields.optional("imageChunk", &imageChunk, check: .positive)
        try fields.value("convolution", &convolution)
        try fields.value("products", &products)
        try fields.value("overlap", &overlap)
        try fields.value("replicaCheckEvery", &replicaCheckEvery, check: .notNegative)
        try fields.value("trapNonFinite", &trapNonFinite)
        try fields.value("watchdog", &watchdog, check: .notNegative)
    }
}
