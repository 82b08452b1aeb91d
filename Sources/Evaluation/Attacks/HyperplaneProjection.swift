import Kernels
import Perturbations

/// The shortest move of a point onto a hyperplane without leaving a box, in the sense of FAB (Croce and Hein 2020).
///
/// A shortest move goes along sign(w), by min(r, room_i) under `linf` and min(r |w_i|, room_i) under `l2`, where room_i
/// is the way to the box: the sum of |w_i| times these grows with r in straight pieces whose slopes fall, so Newton's
/// method from r = 0 never overshoots and arrives, each step passing at least one bend. Under `l1` the values of the
/// largest weights go to the box one after the other, until the last need not go all the way.
struct HyperplaneProjection {
    let norm: ThreatModel.Norm
    let box: ClosedRange<Scalar>

    /// The move from a point to <w, v> = <w, point> + `gap`; the nearest it can get where the box leaves no way.
    /// - Parameter weights: w.
    func move(_ point: [Double], _ weights: [Double], gap: Double) -> [Double] {
        let count = point.count
        guard gap != 0, gap.isFinite, weights.allSatisfy(\.isFinite) else { return point.map { _ in 0 } }
        let sense = gap > 0 ? 1.0 : -1, low = Double(box.lowerBound), high = Double(box.upperBound)
        let room = (0..<count).map { i -> Double in
            // Both, for a branch on a sign would be guessed wrong every other time.
            let above = high - point[i], below = point[i] - low
            return max(0, sense * weights[i] > 0 ? above : below)
        }
        if norm == .l1 { return sparseMove(weights, rooms: room, gap: gap) }
        let rates = weights.map { weight in weight == 0 ? 0 : norm == .linf ? 1 : abs(weight) }
        var reach = 0.0
        while true {
            let gained = doubleSum(count) { abs(weights[$0]) * min(reach * rates[$0], room[$0]) }
            let slope = doubleSum(count) { reach * rates[$0] < room[$0] ? abs(weights[$0]) * rates[$0] : 0 }
            let next = reach + (abs(gap) - gained) / slope
            guard slope > 0, next.isFinite, next > reach else { break }
            reach = next
        }
        return (0..<count).map { Double(signOf: sense * weights[$0], magnitudeOf: min(reach * rates[$0], room[$0])) }
    }

    private func sparseMove(_ weights: [Double], rooms: [Double], gap: Double) -> [Double] {
        var move = weights.map { _ in 0.0 }, missing = abs(gap)
        var unsorted = weights.indices.filter { weights[$0] != 0 && rooms[$0] > 0 }
        var bound = weights.reduce(0) { max($0, abs($1)) }
        // Few values move, so only as many are sorted as do.
        while missing > 0, !unsorted.isEmpty {
            bound = bound > 1e-300 ? bound / 2 : -1
            let next = unsorted.filter { abs(weights[$0]) > bound }
            unsorted.removeAll { abs(weights[$0]) > bound }
            for i in next.sorted(by: { (abs(weights[$1]), $0) < (abs(weights[$0]), $1) }) where missing > 0 {
                let way = min(rooms[i], missing / abs(weights[i]))
                missing = way < rooms[i] ? 0 : missing - way * abs(weights[i])
                move[i] = Double(signOf: gap * weights[i], magnitudeOf: way)
            }
        }
        return move
    }
}
