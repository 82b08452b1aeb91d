/// A choice that people spell in several ways: besides the raw values, its fields take what `init(spelling:)` knows.
public protocol Spelled {
    init?(spelling: String)
}
