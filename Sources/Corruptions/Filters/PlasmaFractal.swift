import Randomness

/// Clouds by the diamond-square algorithm on a square whose borders meet: values from 0 to 1.
struct PlasmaFractal {
    private let side: Int
    private var heights: [Double]

    /// - Parameters:
    ///   - count: the side is the first power of two, at least 2, that is no less.
    ///   - decay: what the random part is divided by from one scale to the next.
    init(reaching count: Int, decay: Double, _ random: inout RandomStream) {
        var side = 2
        while side < count { side *= 2 }
        self.side = side
        heights = Array(repeating: 0, count: side * side)
        var step = side, spread = 100.0
        while step >= 2 {
            let half = step / 2, corners = Array(stride(from: 0, to: side, by: step))
            for y in corners {
                for x in corners {
                    set(
                        y + half, x + half, [(y, x), (y + step, x), (y, x + step), (y + step, x + step)], spread,
                        &random)
                }
            }
            // The middles of a square's upper and left sides, between its corners and the centres to either side.
            for y in corners {
                for x in corners {
                    set(
                        y, x + half, [(y, x), (y, x + step), (y + half, x + half), (y - half, x + half)], spread,
                        &random)
                }
            }
            for y in corners {
                for x in corners {
                    set(
                        y + half, x, [(y, x), (y + step, x), (y + half, x + half), (y + half, x - half)], spread,
                        &random)
                }
            }
            step = half
            spread /= decay
        }
        let least = heights.min() ?? 0, most = (heights.max() ?? 0) - least
        heights = heights.map { ($0 - least) / most }
    }

    subscript(y: Int, x: Int) -> Double { heights[place(y, x)] }

    private func place(_ y: Int, _ x: Int) -> Int { ((y + side) % side) * side + (x + side) % side }

    /// The mean of four, and a random part that grows with the spread's square, as it does in the published images.
    private mutating func set(
        _ y: Int, _ x: Int, _ around: [(Int, Int)], _ spread: Double, _ random: inout RandomStream
    ) {
        let sum = around.reduce(0) { $0 + heights[place($1.0, $1.1)] }
        heights[place(y, x)] = sum / 4 + spread * spread * (2 * random.uniform() - 1)
    }
}
