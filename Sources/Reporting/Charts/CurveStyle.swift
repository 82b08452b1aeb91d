/// The colour and the dashes of a curve, of which a number stands for both: the palette's colours in order, then the same
/// with the first kind of dashes, and so on.
enum CurveStyle {
    /// The colours that the page's style sheet defines.
    static let colours = 6
    /// The style sheet's kinds of lines, the first without dashes.
    private static let dashes = ["", " dashed", " dotted", " dash-dot", " long-dashed", " dash-dot-dot"]

    static func colourClass(_ style: Int) -> String { "s\(style % colours)" }

    /// Classes of a line.
    static func lineClasses(_ style: Int) -> String {
        "line \(colourClass(style))\(dashes[style / colours % dashes.count])"
    }

    /// Of one of several curves of a run in one chart. A run that is alone has all colours for them; of several each keeps
    /// its own, and its curves differ in their dashes.
    static func part(_ part: Int, of run: Run, among runs: [Run]) -> Int {
        let rows = (runs.count + colours - 1) / colours
        return runs.count == 1 ? part : run.colour + part * rows * colours
    }
}
