import Data
import Kernels

/// The exact L2 search among one class's images: distances come from one matrix product a block, and every candidate
/// that rounding could have misplaced is measured again in Double. Equal distances go to the lower index.
final class NeighbourSearch {
    /// Queries of one product. A constant, so that products have the same shape, and bits, for any number of ranks.
    static let queries = 256

    private let train: Subset
    private let candidates: [Int]
    private let images: [Scalar]
    private let squares: [Scalar]

    init(_ train: Subset, candidates: [Int]) {
        self.train = train
        self.candidates = candidates
        let images = Self.load(candidates, train)
        self.images = images
        let size = train.shape.count
        squares = candidates.indices.map { row in
            images[(row * size)..<((row + 1) * size)].reduce(0) { $0 + $1 * $1 }
        }
    }

    private static func load(_ indices: [Int], _ train: Subset) -> [Scalar] {
        let size = train.shape.count
        var images = [Scalar](repeating: 0, count: indices.count * size)
        images.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for (row, index) in indices.enumerated() { train.read(index, into: base + row * size) }
        }
        return images
    }

    /// The nearest candidate to each query that is not the query itself; the query where there is no other.
    func nearest(to queries: Range<Int>) -> [Int32] {
        let size = train.shape.count
        let columns = candidates.count
        let queryImages = Self.load(Array(queries), train)
        var products = [Scalar](repeating: 0, count: queries.count * columns)
        products.withUnsafeMutableBufferPointer { products in
            guard let products = products.baseAddress else { return }
            BLAS.gemm(
                transposeB: true, queries.count, columns, size, queryImages, size, images, size, products, columns)
        }
        let largestSquare = squares.max() ?? 0
        return queries.map { query in
            let row = query - queries.lowerBound
            let ownSquare = queryImages[(row * size)..<((row + 1) * size)].reduce(0) { $0 + $1 * $1 }
            // Rounding of the three terms, with room to spare: each is a sum of `size` products.
            let uncertainty = 4 * Scalar(size).squareRoot() * Scalar.ulpOfOne * (ownSquare + largestSquare)
            var best = Scalar.infinity
            for column in 0..<columns where candidates[column] != query {
                best = min(best, squares[column] - 2 * products[row * columns + column])
            }
            var nearest = query
            var smallest = Double.infinity
            for column in 0..<columns where candidates[column] != query {
                guard squares[column] - 2 * products[row * columns + column] <= best + uncertainty else { continue }
                let exact = distance(row, queryImages, column)
                if exact < smallest { (nearest, smallest) = (candidates[column], exact) }
            }
            return Int32(nearest)
        }
    }

    private func distance(_ row: Int, _ queryImages: [Scalar], _ column: Int) -> Double {
        let size = train.shape.count
        return (0..<size).reduce(0.0) { sum, i in
            let difference = Double(queryImages[row * size + i]) - Double(images[column * size + i])
            return sum + difference * difference
        }
    }
}
