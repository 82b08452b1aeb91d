/// A setting that asks for more images or classes than there are. All of them are taken then, and the user is told so
/// once, at the start.
public struct Shortfall: Sendable, Equatable, CustomStringConvertible {
    private let setting: String
    private let wanted: Int
    private let things: String
    private let available: Int

    /// Nil where there is enough, or where nothing was asked for.
    /// - Parameter things: what it asks for, such as "held-out images".
    public init?(_ setting: String, _ wanted: Int?, of things: String, available: Int) {
        guard let wanted, wanted > available else { return nil }
        self.setting = setting
        self.wanted = wanted
        self.things = things
        self.available = available
    }

    public var description: String {
        "\(setting) is \(grouped(wanted)), but there are \(grouped(available)) \(things)"
            + (available > 0 ? ": all are taken" : "")
    }
}
