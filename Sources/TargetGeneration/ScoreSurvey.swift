import Autodiff
import Data
import Distributed
import Failures
import Kernels

/// How alignment and class information change with the noise level, so that a user can choose it.
public struct ScoreSurvey {
    /// Pixel gradients [classes, B, H, W, C] and errors `[class][image]` at one time step and noise draw.
    typealias Scores = (_ images: Tensor, _ indices: [Int], _ time: Int, _ number: Int) -> (Tensor, [[Double]])

    let times: [Int]
    let draws: Int
    let scores: Scores

    /// One line of the table. Means over the images; `time` nil: all levels together.
    public struct Line: Sendable, Equatable {
        /// The noise level.
        public var time: Int?
        /// Of the classifier that the denoiser implies: the class under which its errors are smallest.
        public var accuracy: Double
        /// Cosine of the targets with the direction to the class mean, over images and classes.
        public var classMeanCosine: Double
        /// Cosine between the targets of two halves of the draws: how much of them is not chance.
        public var agreement: Double
        /// Norm of a target.
        public var norm: Double
    }

    /// What one image contributes at one level.
    private struct Part {
        var errors: [Double]
        var cosine = 0.0, agreement = 0.0, norm = 0.0
    }

    /// The table. Collective; the same on every rank, whatever their number.
    public func callAsFunction(
        _ dataset: any Dataset, rows: [Int], block: Int, communicator: any Communicator, pool: MemoryPool
    ) throws -> [Line] {
        let means = classMeans(dataset, rows), classes = dataset.classNames.count
        let blocks = (rows.count + block - 1) / block
        var mine: [Double] = []
        for index in stride(from: communicator.rank, to: blocks, by: communicator.size) {
            communicator.heartbeat.beat("table over noise levels", step: index)
            let images = Array(rows[(index * block)..<min(rows.count, (index + 1) * block)])
            for time in times {
                for part in parts(of: images, from: dataset, time: time, means: means, in: pool) {
                    mine += part.errors + [part.cosine, part.agreement, part.norm]
                }
            }
        }
        let found = try inOrder(mine, images: rows.count, block: block, figures: classes + 3, communicator)
        let labels = rows.map(dataset.label)
        let lines = zip(times, found).map { line(of: $1, labels, classes, time: $0) }
        guard let first = found.first, found.count > 1 else { return lines }
        let together = first.indices.map { image in
            first[image].indices.map { figure in found.reduce(0) { $0 + $1[image][figure] } / Double(found.count) }
        }
        return lines + [line(of: together, labels, classes, time: nil)]
    }

    /// The figures of all ranks, `[time][image]`: in the order of images, so that sums do not depend on the ranks.
    private func inOrder(
        _ mine: [Double], images: Int, block: Int, figures: Int, _ communicator: any Communicator
    ) throws -> [[[Double]]] {
        var left = try communicator.allGather(mine.withUnsafeBytes { Array($0) }).map { bytes in
            bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }[...]
        }
        var found = [[[Double]]](repeating: [], count: times.count)
        for (index, start) in stride(from: 0, to: images, by: block).enumerated() {
            let rank = index % communicator.size
            for level in times.indices {
                for _ in start..<min(images, start + block) {
                    found[level].append(Array(left[rank].prefix(figures)))
                    left[rank].removeFirst(figures)
                }
            }
        }
        return found
    }

    private func line(of images: [[Double]], _ labels: [Int], _ classes: Int, time: Int?) -> Line {
        func mean(_ figure: Int) -> Double { images.reduce(0) { $0 + $1[figure] } / Double(max(1, images.count)) }
        let right = zip(images, labels).filter { image, label in
            (0..<classes).allSatisfy { $0 == label || image[$0] > image[label] }
        }.count
        return Line(
            time: time, accuracy: Double(right) / Double(max(1, images.count)), classMeanCosine: mean(classes),
            agreement: mean(classes + 1), norm: mean(classes + 2))
    }

    private func classMeans(_ dataset: any Dataset, _ rows: [Int]) -> [[Double]] {
        let size = dataset.shape.count
        var image = [Scalar](repeating: 0, count: size)
        var sums = [[Double]](repeating: Array(repeating: 0, count: size), count: dataset.classNames.count)
        var counts = Array(repeating: 0, count: sums.count)
        for row in rows {
            dataset.read(row, into: &image)
            let label = dataset.label(row)
            for i in 0..<size { sums[label][i] += Double(image[i]) }
            counts[label] += 1
        }
        return zip(sums, counts).map { sum, count in sum.map { $0 / Double(max(1, count)) } }
    }

    private func parts(
        of images: [Int], from dataset: any Dataset, time: Int, means: [[Double]], in pool: MemoryPool
    ) -> [Part] {
        let size = dataset.shape.count, classes = means.count
        let pixels = dataset.tensor(of: images, in: pool)
        var halves: [Tensor?] = [nil, nil]
        var errors = [[Double]](repeating: Array(repeating: 0, count: classes), count: images.count)
        for number in 0..<draws {
            let (gradient, found) = scores(pixels, images, time, number)
            halves[number % 2] = halves[number % 2].map { $0 + gradient } ?? gradient
            for label in 0..<classes {
                for image in images.indices { errors[image][label] += found[label][image] / Double(draws) }
            }
        }
        guard let even = halves[0]?.array, let odd = halves[1]?.array else { return [] }
        return images.indices.map { image in
            var part = Part(errors: errors[image])
            for label in 0..<classes {
                let range = ((label * images.count + image) * size)..<((label * images.count + image + 1) * size)
                let first = even[range].map { Double($0) }, second = odd[range].map { Double($0) }
                let both = zip(first, second).map { ($0 + $1) / Double(draws) }
                let direction = (0..<size).map { means[label][$0] - Double(pixels.pointer[image * size + $0]) }
                part.cosine += cosine(both, direction) / Double(classes)
                part.agreement += cosine(first, second) / Double(classes)
                part.norm += dot(both, both).squareRoot() / Double(classes)
            }
            return part
        }
    }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// 0 where a vector is zero.
private func cosine(_ a: [Double], _ b: [Double]) -> Double {
    let norms = (dot(a, a) * dot(b, b)).squareRoot()
    return norms > 0 ? dot(a, b) / norms : 0
}
