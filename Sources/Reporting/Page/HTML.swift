/// A piece of HTML. Whatever comes from outside enters as text, which is escaped; markup is written by this module.
///
/// A string literal is text, its interpolations included.
struct HTML: Sendable, ExpressibleByStringInterpolation {
    private(set) var markup: String

    static let empty = HTML(markup: "")

    private init(markup: String) {
        self.markup = markup
    }

    init(stringLiteral text: String) {
        self = .text(text)
    }

    static func text(_ text: String) -> HTML {
        HTML(markup: escape(text))
    }

    /// Markup of this module's own making, such as a drawing.
    static func trusted(_ markup: String) -> HTML {
        HTML(markup: markup)
    }

    /// An element with a closing tag; attributes that are nil are left out.
    static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], _ children: [HTML]
    ) -> HTML {
        var markup = openingTag(name, attributes)
        for child in children { markup += child.markup }
        return HTML(markup: markup + "</\(name)>")
    }

    static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], _ children: HTML...
    ) -> HTML {
        element(name, attributes, children)
    }

    /// An element that has no contents and no closing tag.
    static func void(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:]) -> HTML {
        HTML(markup: openingTag(name, attributes))
    }

    static func + (first: HTML, second: HTML) -> HTML { HTML(markup: first.markup + second.markup) }
    static func += (first: inout HTML, second: HTML) { first.markup += second.markup }

    private static func openingTag(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?>) -> String {
        var tag = "<\(name)"
        for (key, value) in attributes {
            if let value { tag += " \(key)=\"\(escape(value))\"" }
        }
        return tag + ">"
    }

    /// Safe between tags and within quoted attributes. Control characters, which HTML does not allow, become U+FFFD.
    static func escape(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}": result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
