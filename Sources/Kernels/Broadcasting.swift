/// How two buffers of different shapes meet element by element: shapes are aligned at their last axes, and an axis of
/// extent 1, or a missing one, is repeated. Neighbouring axes that behave alike are merged, so loops stay long.
public struct BroadcastPlan: Sendable {
    /// Of the merged axes, outermost first.
    public let extents: [Int]
    /// Numbers from one index of an axis to the next; 0 where the buffer is repeated.
    public let strideA: [Int]
    /// The same of the other buffer.
    public let strideB: [Int]

    /// `output` must be the broadcast shape of `a` and `b`.
    public init(_ a: [Int], _ b: [Int], output: [Int]) {
        var extents: [Int] = [], strideA: [Int] = [], strideB: [Int] = []
        var runA = 1, runB = 1
        for axis in 1...max(1, output.count) where axis <= output.count {
            let extent = output[output.count - axis]
            let extentA = axis <= a.count ? a[a.count - axis] : 1
            let extentB = axis <= b.count ? b[b.count - axis] : 1
            precondition(extentA == extent || extentA == 1, "broadcast: \(a) does not fit \(output)")
            precondition(extentB == extent || extentB == 1, "broadcast: \(b) does not fit \(output)")
            if extent == 1 { continue }
            let stepA = extentA == 1 ? 0 : runA, stepB = extentB == 1 ? 0 : runB
            let last = extents.count - 1
            if last >= 0, stepA == strideA[last] * extents[last], stepB == strideB[last] * extents[last] {
                extents[last] *= extent
            } else {
                extents.append(extent)
                strideA.append(stepA)
                strideB.append(stepB)
            }
            runA *= extentA
            runB *= extentB
        }
        self.extents = extents.reversed()
        self.strideA = strideA.reversed()
        self.strideB = strideB.reversed()
    }

    /// The columns of a table whose rows, shorter than a register, all meet the same row of `b`; nil for anything else.
    var fewColumns: Int? {
        guard extents.count == 2, extents[1] < laneCount, strideA == [extents[1], 1], strideB == [0, 1]
        else { return nil }
        return extents[1]
    }

    /// Calls `body(offsetA, offsetB, offsetOutput)` for every innermost run; `run` is its length.
    @inline(__always)
    func forEachRun(_ body: (Int, Int, Int) -> Void) {
        if extents.contains(0) { return }
        let outer = extents.count - 1
        if outer <= 0 { return body(0, 0, 0) }
        let rows = extents[outer - 1], run = extents[outer]
        let rowA = strideA[outer - 1], rowB = strideB[outer - 1]
        var index = [Int](repeating: 0, count: outer - 1)
        var a = 0, b = 0, out = 0
        while true {
            for row in 0..<rows { body(a &+ row &* rowA, b &+ row &* rowB, out &+ row &* run) }
            out += rows * run
            var axis = outer - 2
            while axis >= 0 {
                index[axis] += 1
                a += strideA[axis]
                b += strideB[axis]
                if index[axis] < extents[axis] { break }
                a -= strideA[axis] * extents[axis]
                b -= strideB[axis] * extents[axis]
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
