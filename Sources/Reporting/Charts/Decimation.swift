/// A curve cut down to what a drawing can show.
struct Decimation {
    /// A place along the curve: the mean of the points there and their extent.
    struct Sample: Equatable {
        let x: Double
        let mean: Double
        let minimum: Double
        let maximum: Double
    }

    /// Runs of samples without a gap; a gap is where no point is finite.
    private(set) var segments: [[Sample]] = []
    /// Where points were not finite, one place for each stretch or bin of them.
    private(set) var notFinite: [Double] = []
    /// Whether samples stand for several points.
    let isBinned: Bool

    /// `points` in ascending order of x. More than twice `bins` points are put into `bins` bins of equal width, each
    /// of which keeps its minimum and maximum, so that no outlier is lost.
    init(_ points: [LineChart.Point], bins: Int) {
        precondition(bins > 0, "Decimation: \(bins) bins")
        isBinned = points.count > 2 * bins
        guard let first = points.first?.x, let last = points.last?.x else { return }
        var segment: [Sample] = []
        var start = 0
        while start < points.count {
            var end = start + 1
            if isBinned, last > first {
                func bin(_ i: Int) -> Int { min(bins - 1, Int((points[i].x - first) / (last - first) * Double(bins))) }
                let current = bin(start)
                while end < points.count && bin(end) == current { end += 1 }
            } else if isBinned {
                end = points.count
            }
            let finite = points[start..<end].filter { LineChart.isDrawable($0.y) }
            if finite.count < end - start {
                let place = points[start].x
                notFinite.append(place)
            }
            if let sample = Self.sample(finite) {
                segment.append(sample)
            } else if !segment.isEmpty {
                segments.append(segment)
                segment = []
            }
            start = end
        }
        if !segment.isEmpty { segments.append(segment) }
    }

    private static func sample(_ points: [LineChart.Point]) -> Sample? {
        guard let first = points.first else { return nil }
        var minimum = first.y, maximum = first.y, sum = 0.0, place = 0.0
        for point in points {
            minimum = min(minimum, point.y)
            maximum = max(maximum, point.y)
            sum += point.y
            place += point.x
        }
        let count = Double(points.count)
        return Sample(x: place / count, mean: sum / count, minimum: minimum, maximum: maximum)
    }
}
