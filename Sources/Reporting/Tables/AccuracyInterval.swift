/// The interval that holds an accuracy with 95 percent confidence (Wilson, JASA 22, 1927).
struct AccuracyInterval {
    let lower: Double
    let upper: Double

    var halfWidth: Double { (upper - lower) / 2 }

    init(accuracy: Double, samples: Int) {
        let n = Double(max(1, samples)), z = 1.96
        let centre = (accuracy + z * z / (2 * n)) / (1 + z * z / n)
        let reach = z / (1 + z * z / n) * (accuracy * (1 - accuracy) / n + z * z / (4 * n * n)).squareRoot()
        lower = max(0, centre - reach)
        upper = min(1, centre + reach)
    }
}
