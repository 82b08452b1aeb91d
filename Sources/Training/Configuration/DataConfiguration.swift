import Configuration
import Data

/// The `data` section: which images, and how they are shown.
public struct DataConfiguration: Configurable {
    /// How images are moved, anew in each epoch; their targets move alike.
    public struct Augment: Configurable {
        /// Pixels of zero padding out of which an image-sized window is cut at random.
        public var crop = 0
        /// Whether half of them, drawn at random, are mirrored.
        public var flip = false
        public init() {}
        public mutating func visit(_ fields: inout FieldVisitor) throws {
            try fields.value("crop", &crop, in: 0...64)
            try fields.value("flip", &flip)
        }
    }

    /// `NAME:PATH`, as docs/DATA.md has them.
    public var dataset = "digits"
    /// The classes that are taken, by name or number, in the order of their new numbers; null: all.
    public var classes: [String]?
    /// [height, width] that all images are resized to; null: they are taken as they are.
    public var resize: [Int]?
    /// Of arrays whose shape does not tell where the channels stand.
    public var channels: ChannelOrder?
    public var augment = Augment()
    /// The first N training images of the epoch-independent order; null: all that are not held out.
    public var limit: Int?
    /// Of the epoch-independent order; null: the run's. Runs of several seeds on the same images, which share a file of
    /// targets, set it.
    public var seed: UInt64?
    /// Training images held out for the monitor, beyond the first `limit`; null: a tenth of what is trained on, at most
    /// 1,000, and none without a monitor.
    public var validation: Int?

    public init() {}

    /// Which data, and what of them.
    public var selection: DataSelection {
        DataSelection(
            dataset, classes: classes, size: resize.map { ImageSize(height: $0[0], width: $0[1]) }, channels: channels)
    }

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("dataset", &dataset, check: .notEmpty)
        try fields.optional("classes", &classes, count: 2...10_000)
        try fields.optional("resize", &resize, count: 2...2, check: .within(1...4096))
        try fields.optional("channels", &channels)
        try fields.section("augment", &augment, orNull: Augment())
        try fields.optional("limit", &limit, check: .positive)
        try fields.optional("seed", &seed)
        try fields.optional("validation", &validation, check: .notNegative)
    }
}
