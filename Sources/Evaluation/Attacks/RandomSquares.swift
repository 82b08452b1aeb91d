import Kernels
import Perturbations
import Randomness

/// The images that the Square attack tries: from stripes (`linf`) or a mosaic of bumps (`l1`, `l2`) to one square changed
/// at a time. What is written still has to be projected.
struct RandomSquares {
    let height: Int
    let width: Int
    let channels: Int
    let threat: ThreatModel

    private var count: Int { height * width * channels }

    /// The first image.
    func start(_ image: Destination, original: Source, _ stream: inout RandomStream) {
        switch threat.norm {
        case .linf: addStripes(image, original, &stream)
        case .l0, .l1, .l2:
            var change = [Double](repeating: 0, count: count)
            addMosaic(&change, &stream)
            write(original, plus: change, to: image)
        }
    }

    /// The next image to try, `best` changed in a square that covers `share` of it.
    func propose(
        _ image: Destination, from best: Source, original: Source, share: Double, _ stream: inout RandomStream
    ) {
        let side = (share * Double(height * width)).squareRoot().rounded(.toNearestOrEven)
        switch threat.norm {
        case .linf:
            image.update(from: best, count: count)
            addSquare(image, side: min(max(Int(side), 1), height, width), &stream)
        case .l0, .l1, .l2:
            // Odd, so that a bump has a middle.
            let odd = max(Int(side), 3) | 1
            var change = (0..<count).map { Double(best[$0]) - Double(original[$0]) }
            moveMass(of: &change, side: min(odd, height, width), &stream)
            write(original, plus: change, to: image)
        }
    }

    private struct Window {
        let rows: Range<Int>
        let columns: Range<Int>

        func contains(_ row: Int, _ column: Int) -> Bool { rows.contains(row) && columns.contains(column) }
    }

    private func place(_ row: Int, _ column: Int, _ channel: Int) -> Int { (row * width + column) * channels + channel }

    private func window(side: Int, _ stream: inout RandomStream) -> Window {
        let row = corner(height, side, &stream), column = corner(width, side, &stream)
        return Window(rows: row..<row + side, columns: column..<column + side)
    }

    /// AutoAttack never draws the last position of a square. That is kept where a picture is large enough for it to
    /// make no difference.
    private func corner(_ extent: Int, _ side: Int, _ stream: inout RandomStream) -> Int {
        let positions = extent < 8 ? extent - side + 1 : max(extent - side, 1)
        return stream.below(positions)
    }

    /// What adds up over values: under `l2` their squares.
    private func measure(_ value: Double) -> Double { threat.norm == .l1 ? abs(value) : value * value }
    /// The norm of values whose measures have this sum.
    private func length(_ sum: Double) -> Double { threat.norm == .l1 ? sum : sum.squareRoot() }

    private func sign(_ stream: inout RandomStream) -> Double { stream.nextUInt32() & 1 == 0 ? 1 : -1 }

    // MARK: linf

    private func addStripes(_ image: Destination, _ original: Source, _ stream: inout RandomStream) {
        for column in 0..<width {
            for channel in 0..<channels {
                let change = threat.epsilon * sign(&stream)
                for row in 0..<height {
                    let i = place(row, column, channel)
                    image[i] = Scalar(Double(original[i]) + change)
                }
            }
        }
    }

    private func addSquare(_ image: Destination, side: Int, _ stream: inout RandomStream) {
        let window = window(side: side, &stream)
        for channel in 0..<channels {
            let change = Scalar(2 * threat.epsilon * sign(&stream))
            for row in window.rows { for column in window.columns { image[place(row, column, channel)] += change } }
        }
    }

    // MARK: l1, l2

    private func addMosaic(_ change: inout [Double], _ stream: inout RandomStream) {
        let side = max(min(height, width) / 5, 1)
        func starts(_ extent: Int) -> StrideTo<Int> {
            stride(from: max(extent - 5 * side, 0) / 2, to: extent, by: side)
        }
        for row in starts(height) where row + side <= height {
            for column in starts(width) where column + side <= width {
                let bump = bump(side: side, &stream)
                for channel in 0..<channels {
                    let sign = sign(&stream)
                    for i in 0..<side {
                        for j in 0..<side { change[place(row + i, column + j, channel)] = sign * bump[i * side + j] }
                    }
                }
            }
        }
    }

    /// Empties one window and adds a bump to another, with the norm that this frees and that is unused; under `l1` with
    /// as many times that as there are channels, of which the projection leaves what fits.
    private func moveMass(of change: inout [Double], side: Int, _ stream: inout RandomStream) {
        let to = window(side: side, &stream), from = window(side: side, &stream)
        let total = doubleSum(count) { measure(change[$0]) }
        let unused = max(measure(threat.epsilon) - total, 0) / Double(channels)
        let bump = bump(side: side, &stream)
        for channel in 0..<channels {
            var inEither = 0.0, inside = 0.0
            for row in 0..<height where to.rows.contains(row) || from.rows.contains(row) {
                for column in 0..<width where to.contains(row, column) || from.contains(row, column) {
                    let size = measure(change[place(row, column, channel)])
                    inEither += size
                    if to.contains(row, column) { inside += size }
                }
            }
            let sign = sign(&stream)
            var new = [Double](repeating: 0, count: side * side), sum = 0.0
            for i in 0..<side {
                for j in 0..<side {
                    let old = change[place(to.rows.lowerBound + i, to.columns.lowerBound + j, channel)]
                    let value = sign * bump[i * side + j] + old / (1e-12 + length(inside))
                    new[i * side + j] = value
                    sum += measure(value)
                }
            }
            let factor = length(unused + inEither) * (threat.norm == .l1 ? Double(channels) : 1) / (1e-12 + length(sum))
            for row in from.rows { for column in from.columns { change[place(row, column, channel)] = 0 } }
            for i in 0..<side {
                for j in 0..<side {
                    change[place(to.rows.lowerBound + i, to.columns.lowerBound + j, channel)] =
                        factor * new[i * side + j]
                }
            }
        }
    }

    /// A hill beside a valley of unit norm, one above or left of the other.
    private func bump(side: Int, _ stream: inout RandomStream) -> [Double] {
        var values = [Double](repeating: 0, count: side * side)
        let half = side / 2
        addPyramid(to: &values, side, rows: 0..<half, sign: 1)
        addPyramid(to: &values, side, rows: half..<side, sign: -1)
        let norm = threat.norm.length(of: values)
        let isTransposed = stream.uniform() > 0.5
        return values.indices.map { i in
            values[isTransposed ? i % side * side + i / side : i] / norm
        }
    }

    /// Adds 1 / (k + 1)^2, under `l1` 1 / (k + 1)^4, on rectangles that grow by one in every direction with k, scaled to
    /// norm 1.
    private func addPyramid(to values: inout [Double], _ side: Int, rows: Range<Int>, sign: Double) {
        guard !rows.isEmpty else { return }
        let middleRow = rows.count / 2, middleColumn = side / 2
        let levels = max(middleRow, middleColumn) + 1
        var sum = 0.0
        for row in 0..<rows.count {
            for column in 0..<side {
                // The first rectangle that holds the pixel.
                let first = max(abs(row - middleRow), abs(column - middleColumn))
                var value = 0.0
                for level in first..<levels {
                    let square = Double((level + 1) * (level + 1))
                    value += 1 / (threat.norm == .l1 ? square * square : square)
                }
                values[(rows.lowerBound + row) * side + column] = sign * value
                sum += measure(value)
            }
        }
        let norm = length(sum)
        for i in rows.lowerBound * side..<rows.upperBound * side { values[i] /= norm }
    }

    /// Writes the original changed by `change`, under `l2` scaled to norm epsilon.
    private func write(_ original: Source, plus change: [Double], to image: Destination) {
        let norm = threat.norm.length(of: change)
        let factor = threat.norm == .l1 ? 1 : norm > 0 ? threat.epsilon / norm : 0
        for i in 0..<count { image[i] = Scalar(Double(original[i]) + factor * change[i]) }
    }
}
