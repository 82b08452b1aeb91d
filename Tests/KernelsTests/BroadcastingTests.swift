import Kernels
import Randomness
import Testing

@Suite struct BroadcastingTests {
    private func naive(
        _ kind: BinaryKind, _ a: [Scalar], _ shapeA: [Int], _ b: [Scalar], _ shapeB: [Int], _ output: [Int]
    ) -> [Scalar] {
        func offset(_ index: [Int], _ shape: [Int]) -> Int {
            zip(index.suffix(shape.count), shape).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0) }
        }
        return indices(output).map { index in
            let (x, y) = (a[offset(index, shapeA)], b[offset(index, shapeB)])
            switch kind {
            case .add: return x + y
            case .subtract: return x - y
            case .multiply: return x * y
            case .divide: return x / y
            }
        }
    }

    private func check(_ shapeA: [Int], _ shapeB: [Int], output: [Int]) {
        let a = random(shapeA.reduce(1, *), salt: 1), b = random(shapeB.reduce(1, *), salt: 2)
        let plan = BroadcastPlan(shapeA, shapeB, output: output)
        for kind in BinaryKind.allCases {
            let values = written(output.reduce(1, *)) { elementwise(kind, plan, a, b, $0) }
            #expect(
                bits(values) == bits(naive(kind, a, shapeA, b, shapeB, output)), "\(shapeA) \(kind) \(shapeB)")
        }
    }

    /// Rows shorter than a register, eight at a time and those that are left.
    @Test(arguments: [1, 2, 3, 5, 7])
    func fewColumns(_ columns: Int) {
        for rows in [1, 7, 8, 9, 64, 67] { check([rows, columns], [columns], output: [rows, columns]) }
    }

    /// Random shapes of up to five axes, each axis kept, repeated on one side, or missing.
    @Test func everyPattern() {
        var stream = RandomStream(seed: 6, purpose: .test)
        for _ in 0..<600 {
            let rank = stream.below(6)
            let output = (0..<rank).map { _ in [1, 2, 3, 4, 9, 17][stream.below(rank > 3 ? 4 : 6)] }
            var a = output, b = output
            for axis in 0..<rank {
                switch stream.below(4) {
                case 0: a[axis] = 1
                case 1: b[axis] = 1
                default: break
                }
            }
            // Leading axes that are repeated may as well be missing.
            while a.first == 1, stream.below(2) == 0 { a.removeFirst() }
            while b.first == 1, stream.below(2) == 0 { b.removeFirst() }
            check(a, b, output: output)
        }
    }

    /// The output may be larger than either side demands: this is how `broadcast` runs.
    @Test func bothRepeated() {
        check([1, 3, 1], [], output: [2, 3, 4])
        check([], [], output: [3, 2])
        check([2, 1], [2, 1], output: [2, 19])
        check([1], [1], output: [])
    }

    @Test func emptyAxes() {
        check([0], [0], output: [0])
        check([0, 2, 3], [2, 1], output: [0, 2, 3])
        check([2, 0, 3], [2, 1, 1], output: [2, 0, 3])
        check([4, 2, 1], [0], output: [4, 2, 0])
        check([0, 2, 1, 3], [1, 4, 1], output: [0, 2, 4, 3])
    }

    @Test func inPlace() {
        let a = random(2 * 3 * 9, salt: 1), b = random(9, salt: 2)
        let plan = BroadcastPlan([2, 3, 9], [9], output: [2, 3, 9])
        let apart = written(a.count) { elementwise(.multiply, plan, a, b, $0) }
        let together = written(a.count) {
            $0.update(from: a, count: a.count)
            elementwise(.multiply, plan, $0, b, $0)
        }
        #expect(bits(apart) == bits(together))
    }

    @Test func accumulation() {
        for count in 0...20 {
            let x = random(count, salt: 1), start = random(count, salt: 2)
            let total = written(count) {
                $0.update(from: start, count: count)
                accumulate(count, x, into: $0)
            }
            #expect(bits(total) == bits(zip(start, x).map { $0 + $1 }))
        }
    }
}
