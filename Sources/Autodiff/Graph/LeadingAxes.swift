/// The axes before the matrices of two factors, of which one may lack some.
struct LeadingAxes {
    let all: Shape
    /// Matrices of each factor, which come round in order.
    let first, second: Int

    init(_ name: String, _ a: Shape, _ b: Shape) {
        // One factor may lack leading axes, but not repeat inner ones.
        guard let all = Shape.broadcast(a, b), all.suffix(a.rank) == a, all.suffix(b.rank) == b else {
            preconditionFailure("\(name): leading axes \(a) and \(b)")
        }
        self.all = all
        first = a.count
        second = b.count
    }
}

extension RowCut {
    /// Whether rows stand alone where they lie along the first leading axis of two factors, before matrices of `inner`
    /// axes; a factor that is the same for all of them lacks it.
    func followsAsMatrices(of inner: Int) -> Bool {
        output.rank > inner && [0, 1].allSatisfy { follows($0) == (inputs[$0].rank == output.rank) }
    }
}
