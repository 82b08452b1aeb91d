/// A choice that people spell in several ways: its fields take what `init(spelling:)` knows, and no value that it does not
/// know by its raw value.
public protocol Spelled {
    init?(spelling: String)
}
