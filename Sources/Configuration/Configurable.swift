/// A section of the configuration, declared once: the same `visit` reads, checks, writes and documents it.
///
///     struct Augmentation: Configurable {
///         var crop = 0
///         var flip = false
///         mutating func visit(_ fields: inout FieldVisitor) throws {
///             try fields.value("crop", &crop, in: 0...16)
///             try fields.value("flip", &flip)
///         }
///     }
///
/// The values that `init()` gives are the defaults. The order of the calls in `visit` is the order in the written file.
public protocol Configurable: Sendable {
    init()

    /// Declares every field of the section to `fields`. Throws what `fields` throws, and no more.
    mutating func visit(_ fields: inout FieldVisitor) throws
}
