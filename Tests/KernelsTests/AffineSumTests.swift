import Kernels
import Testing

@Suite struct AffineSumTests {
    @Test(arguments: [(0, 3), (1, 1), (3, 8), (5, 17), (2, 24)], 0...3)
    func equalsTheDefinition(_ size: (rows: Int, channels: Int), terms: Int) {
        let (rows, channels) = size, count = rows * channels
        let x = (0..<terms).map { random(count, salt: UInt64($0)) }
        let scales = (0..<terms).map { random(channels, salt: UInt64(10 + $0)) }
        let addend = random(count, salt: 20), shift = random(channels, salt: 21)
        for (hasAddend, hasShift) in [(false, false), (false, true), (true, false), (true, true)] {
            let expected = (0..<count).map { i -> Double in
                var sum = 0.0
                if hasAddend { sum += Double(addend[i]) }
                if hasShift { sum += Double(shift[i % channels]) }
                for term in 0..<terms { sum += Double(x[term][i]) * Double(scales[term][i % channels]) }
                return sum
            }
            func run(_ addend: Source?, _ out: Destination) {
                withPointers(x) { x in
                    withPointers(scales) { scales in
                        shift.withUnsafeBufferPointer { shift in
                            affineSum(
                                rows: rows, channels: channels, addend: addend,
                                zip(x, scales).map { ScaledTerm($0, by: $1) },
                                shift: hasShift ? shift.baseAddress : nil, out)
                        }
                    }
                }
            }
            if hasAddend {
                expectAgreement(
                    written(count) { out in addend.withUnsafeBufferPointer { run($0.baseAddress, out) } }, expected)
                // In place.
                expectAgreement(
                    written(count) { out in
                        out.update(from: addend, count: count)
                        run(out, out)
                    }, expected)
            } else {
                expectAgreement(written(count) { run(nil, $0) }, expected)
            }
        }
    }

    @Test(arguments: [(0, 3), (1, 1), (3, 8), (65, 8), (64, 17), (131, 24), (7, 5)])
    func momentsEqualTheDefinition(rows: Int, columns: Int) {
        let a = random(rows * columns, salt: 1), b = random(rows * columns, salt: 2)
        var sums = [Double](repeating: 0, count: columns), products = sums
        for i in a.indices {
            sums[i % columns] += Double(a[i])
            products[i % columns] += Double(a[i]) * Double(b[i])
        }
        let both = written(2 * columns) {
            columnMoments(rows: rows, columns: columns, a, b, sums: $0, products: $0 + columns)
        }
        expectAgreement(both, sums + products)
    }

    private func withPointers(_ arrays: [[Scalar]], _ known: [Source] = [], _ body: ([Source]) -> Void) {
        guard known.count < arrays.count else { return body(known) }
        // An empty array has no address; nothing is read from this one.
        (arrays[known.count] + [0]).withUnsafeBufferPointer { buffer in
            withPointers(arrays, known + [buffer.baseAddress].compactMap(\.self), body)
        }
    }
}
