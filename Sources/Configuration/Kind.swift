/// One of the types that a section with a `kind` can be.
///
/// `Value` holds any of them: an enumeration with a case for each, or `any P` for a protocol `P`:
///
///     let models = [
///         Kind<any ModelConfiguration>("resnet", ResNetConfiguration.self) { $0 },
///         Kind<any ModelConfiguration>("vit", VisionTransformerConfiguration.self) { $0 },
///     ]
public struct Kind<Value: Sendable>: Sendable {
    /// What the file calls it.
    public let name: String

    /// A value of this kind with its defaults.
    public var standard: Value { make() }

    let make: @Sendable () -> Value

    /// Whether a value is of this kind.
    let matches: @Sendable (Value) -> Bool

    /// Declares the fields of a value of this kind.
    let visit: @Sendable (inout Value, inout FieldVisitor) throws -> Void

    /// The kind whose fields are those of `Content`. `unwrap` gives nil for a value of another kind.
    public init<Content: Configurable>(
        _ name: String,
        _ content: Content.Type,
        wrap: @escaping @Sendable (Content) -> Value,
        unwrap: @escaping @Sendable (Value) -> Content?
    ) {
        self.name = name
        make = { wrap(Content()) }
        matches = { unwrap($0) != nil }
        visit = { value, fields in
            guard var content = unwrap(value) else { preconditionFailure("Kind \(name): not of this kind: \(value)") }
            try content.visit(&fields)
            value = wrap(content)
        }
    }

    /// The kind whose values are of the type `Content`, for a `Value` that is `any P`.
    public init<Content: Configurable>(
        _ name: String, _ content: Content.Type, wrap: @escaping @Sendable (Content) -> Value
    ) {
        self.init(name, content, wrap: wrap, unwrap: { $0 as? Content })
    }
}
