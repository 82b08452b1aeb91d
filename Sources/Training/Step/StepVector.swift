import Figures
import Kernels

/// The layout of the one vector that ranks sum in a step: figures to log, what BatchNorm saw, and the gradient. The
/// figures travel with the gradient, so all ranks take every decision of the step on the same numbers. They stand
/// before it because buckets travel from the end of the vector, and a shard knows its figures last.
struct StepVector {
    /// The loss, the number of images, and of each declared figure sum and count.
    let figures: Range<Int>
    private let declared: [Figure]
    /// One number a shard, 1 where its loss or gradient is not finite.
    let nonFinite: Range<Int>
    let stopRequested: Int
    let statistics: Range<Int>
    /// Begins on a cache line.
    let gradient: Range<Int>
    /// Where each parameter's gradient begins, in declaration order.
    let parameters: [Int]
    var count: Int { gradient.upperBound }

    init(figures: [Figure], parameters: [Int], statistics: Int, shards: Int) {
        declared = figures
        self.figures = 0..<(2 + 2 * figures.count)
        nonFinite = self.figures.upperBound..<(self.figures.upperBound + shards)
        stopRequested = nonFinite.upperBound
        self.statistics = (stopRequested + 1)..<(stopRequested + 1 + statistics)
        let start = (self.statistics.upperBound + 15) / 16 * 16
        let ends = parameters.reduce(into: [start]) { $0.append($0[$0.count - 1] + $1) }
        gradient = start..<ends[parameters.count]
        self.parameters = ends.dropLast()
    }

    func write(loss: Scalar, _ sums: FigureSums, to vector: Destination) {
        precondition(
            sums.sums.keys.allSatisfy(declared.contains),
            "StepVector: figures \(sums.sums.keys.map(\.name)), of which \(declared.map(\.name)) are declared")
        let means = declared.flatMap { [sums[$0].sum, Double(sums[$0].count)] }
        for (place, number) in zip(figures, [Double(loss), Double(sums.images)] + means) {
            vector[place] = Scalar(number)
        }
    }

    func read(_ vector: Source) -> (loss: Double, figures: FigureSums) {
        let numbers = figures.map { Double(vector[$0]) }
        // A sum that is not finite has no integer; the step is about to be refused then.
        func count(_ value: Double) -> Int { value.isFinite ? Int(value) : 0 }
        var sums = FigureSums(images: count(numbers[1]))
        for (place, figure) in declared.enumerated() {
            sums[figure] = FigureSums.Mean(sum: numbers[2 + 2 * place], count: count(numbers[3 + 2 * place]))
        }
        return (numbers[0], sums)
    }
}
