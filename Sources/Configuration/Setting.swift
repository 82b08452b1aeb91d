/// A node of the configuration as written, before it is matched with declarations.
struct Setting: Sendable {
    enum Content: Sendable {
        case scalar(ScalarText)
        case list([Setting])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        let key: String
        let origin: Origin
        var value: Setting
    }

    var content: Content
    var origin: Origin

    var isNull: Bool {
        if case .scalar(let scalar) = content { scalar.isNull } else { false }
    }

    /// What it is, for messages.
    var noun: String {
        switch content {
        case .scalar(let scalar) where scalar.isNull: "empty"
        case .scalar(let scalar): quoted(scalar.text)
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}
