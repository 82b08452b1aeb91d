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
            train.read(indices, into: base)
        }
        return images
    }

    /// The nearest candidate to each training image that is not the image itself; the image where there is no other.
    func nearest(to queries: Range<Int>) -> [Int32] {
        let found = nearest(toImages: Self.load(Array(queries), train), except: Array(queries))
        return zip(queries, found).map { Int32($1 ?? $0) }
    }

    /// The nearest candidate, of which there must be one, to each image that is given.
    func nearest(toImages images: [Scalar]) -> [Int] {
        nearest(toImages: images, except: nil).map { $0 ?? candidates[0] }
    }

    private func nearest(toImages queryImages: [Scalar], except excluded: [Int]?) -> [Int?] {
        let size = train.shape.count
        let columns = candidates.count, rows = queryImages.count / size
        var products = [Scalar](repeating: 0, count: rows * columns)
        products.withUnsafeMutableBufferPointer { products in
            guard let products = products.baseAddress else { return }
            BLAS.gemm(
                transposeB: true, m: rows, n: columns, k: size, queryImages, stride: size, images, stride: size,
                products, stride: columns)
        }
        let largestSquare = squares.max() ?? 0
        return (0..<rows).map { row in
            let own = excluded?[row]
            let ownSquare = queryImages[(row * size)..<((row + 1) * size)].reduce(0) { $0 + $1 * $1 }
            // Rounding of the three terms, with room to spare: each is a sum of `size` products.
            let uncertainty = 4 * Scalar(size).squareRoot() * Scalar.ulpOfOne * (ownSquare + largestSquare)
            var best = Scalar.infinity
            for column in 0..<columns where candidates[column] != own {
                best = min(best, squares[column] - 2 * products[row * columns + column])
            }
            var nearest: Int?
            var smallest = Double.infinity
            for column in 0..<columns where candidates[column] != own {
                guard squares[column] - 2 * products[row * columns + column] <= best + uncertainty else { continue }
                let exact = distance(row, queryImages, column)
                if exact < smallest { (nearest, smallest) = (candidates[column], exact) }
            }
            return nearest
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
