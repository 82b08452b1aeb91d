import Kernels
import Testing

@Suite struct PoolingTests {
    private func pool(
        _ x: [Scalar], images: Int, height: Int, width: Int, channels: Int, window: Int, stride: Int
    ) -> (values: [Scalar], winners: [Int32]) {
        let count = images * ((height - window) / stride + 1) * ((width - window) / stride + 1) * channels
        var winners = [Int32](repeating: -1, count: count)
        let values = written(count) {
            maximumPool(
                WindowGrid(
                    rows: .init(extent: height, window: window, stride: stride),
                    columns: .init(extent: width, window: window, stride: stride)), images: images,
                channels: channels, x, $0, winners: &winners)
        }
        return (values, winners)
    }

    @Test(arguments: [(2, 2), (3, 2), (3, 1), (1, 2), (2, 3)])
    func valuesAndWinners(window: Int, stride: Int) {
        let (images, height, width, channels) = (2, 5, 7, 3), image = height * width * channels
        let x = random(images * image)
        let result = pool(
            x, images: images, height: height, width: width, channels: channels, window: window, stride: stride)
        let outputs = indices([images, (height - window) / stride + 1, (width - window) / stride + 1, channels])
        #expect(result.values.count == outputs.count)
        for (position, index) in outputs.enumerated() {
            let candidates = indices([window, window]).map {
                ((index[1] * stride + $0[0]) * width + index[2] * stride + $0[1]) * channels + index[3]
            }
            let largest = candidates.map { x[index[0] * image + $0] }.max()
            #expect(result.values[position] == largest)
            #expect(candidates.contains(Int(result.winners[position])))
            #expect(x[index[0] * image + Int(result.winners[position])] == largest)
        }
    }

    /// The first of equal numbers wins, row by row.
    @Test func ties() {
        let flat = pool(
            [Scalar](repeating: 1, count: 16), images: 1, height: 4, width: 4, channels: 1, window: 2, stride: 2)
        #expect(flat.winners == [0, 2, 8, 10])
        let two = pool([0, 5, 5, 5], images: 1, height: 2, width: 2, channels: 1, window: 2, stride: 2)
        #expect(two.winners == [1] && two.values == [5])
        let column = pool([0, 1, 3, 3, 3, 0], images: 1, height: 3, width: 2, channels: 1, window: 2, stride: 1)
        #expect(column.winners == [2, 2])
        let negative = pool([-3, -2, -2, -4], images: 1, height: 2, width: 2, channels: 1, window: 2, stride: 1)
        #expect(negative.winners == [1] && negative.values == [-2])
    }

    /// Offsets repeat after `period` rows: leading class axes share the images' winners.
    @Test func gatherAndScatterAreTransposes() {
        let (rows, period, large, small) = (6, 2, 5, 3)
        let offsets: [Int32] = [4, 0, 4, 1, 2, 2]
        let x = random(rows * large, salt: 1), y = random(rows * small, salt: 2)
        let gathered = written(rows * small) {
            gather(rows: rows, period: period, from: large, to: small, x, offsets: offsets, $0)
        }
        let scattered = written(rows * large) {
            scatterAdd(rows: rows, period: period, from: small, to: large, y, offsets: offsets, $0)
        }
        var expected = [Double](repeating: 0, count: rows * large)
        for row in 0..<rows {
            for i in 0..<small {
                let offset = Int(offsets[row % period * small + i])
                #expect(gathered[row * small + i] == x[row * large + offset])
                expected[row * large + offset] += Double(y[row * small + i])
            }
        }
        expectAgreement(scattered, expected)
    }
}
