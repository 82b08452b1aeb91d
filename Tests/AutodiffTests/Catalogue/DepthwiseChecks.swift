import Autodiff
import Kernels

private struct Windows: Sendable {
    var leading: Shape = [2]
    let channels: Int
    let rows, columns: WindowGrid.Axis

    var grid: WindowGrid { WindowGrid(rows: rows, columns: columns) }
    var x: Shape { leading + [rows.extent, columns.extent, channels] }
    var w: Shape { [rows.window, columns.window, channels] }
    var y: Shape {
        func count(_ axis: WindowGrid.Axis) -> Int {
            (axis.extent + axis.before + axis.after - (axis.window - 1) * axis.dilation - 1) / axis.stride + 1
        }
        return leading + [count(rows), count(columns), channels]
    }
    var description: String {
        "\(rows.window)x\(columns.window), strides \(rows.stride) and \(columns.stride), dilations \(rows.dilation) and "
            + "\(columns.dilation)"
    }

    /// Calls `body` with the indices in x, w and y of every product that the definition sums.
    func forEachProduct(_ body: ([Int], [Int], [Int]) -> Void) {
        for outer in NaiveTensor.indices(y.extents) {
            let image = Array(outer.prefix(leading.rank)), place = outer.suffix(3).map { $0 }
            for tap in NaiveTensor.indices([rows.window, columns.window]) {
                let row = place[0] * rows.stride + tap[0] * rows.dilation - rows.before
                let column = place[1] * columns.stride + tap[1] * columns.dilation - columns.before
                guard row >= 0, row < rows.extent, column >= 0, column < columns.extent else { continue }
                body(image + [row, column, place[2]], tap + [place[2]], outer)
            }
        }
    }
}

private let windows = [
    Windows(
        channels: 3, rows: .init(extent: 5, window: 3, before: 1, after: 1),
        columns: .init(extent: 4, window: 3, before: 1, after: 1)),
    Windows(
        channels: 2, rows: .init(extent: 6, window: 3, stride: 2, before: 0, after: 1),
        columns: .init(extent: 7, window: 2, stride: 3, before: 1, after: 0)),
    Windows(
        channels: 2, rows: .init(extent: 6, window: 2, dilation: 3, before: 2, after: 1),
        columns: .init(extent: 5, window: 3, stride: 2, dilation: 2, before: 2, after: 2)),
    Windows(
        leading: [2, 2], channels: 1, rows: .init(extent: 3, window: 1), columns: .init(extent: 4, window: 4)),
    // More channels than a register has lanes, and some over.
    Windows(
        leading: [1], channels: 37, rows: .init(extent: 2, window: 2, before: 1),
        columns: .init(extent: 2, window: 2, stride: 2)),
]

let depthwiseChecks: [OperationCheck] = windows.flatMap { windows in
    [
        OperationCheck(
            name: "depthwise convolution \(windows.description)", covers: ["DepthwiseConvolution"],
            inputs: [windows.x, windows.w]
        ) {
            $0[0].convolvedByChannel(with: $0[1], windows.grid)
        } reference: { operands in
            var y = NaiveTensor(windows.y.extents) { _ in 0 }
            windows.forEachProduct { y[$2] += operands[0][$0] * operands[1][$1] }
            return y
        },
        OperationCheck(
            name: "depthwise convolution input gradient \(windows.description)", covers: ["DepthwiseInputGradient"],
            inputs: [windows.y, windows.w]
        ) {
            let x = Tensor(windows.x, repeating: 0, in: $0[0].pool).variable
            return gradients(
                of: x.convolvedByChannel(with: $0[1], windows.grid), seed: $0[0], with: [x], recording: true)[0]
        } reference: { operands in
            var x = NaiveTensor(windows.x.extents) { _ in 0 }
            windows.forEachProduct { x[$0] += operands[0][$2] * operands[1][$1] }
            return x
        },
        OperationCheck(
            name: "depthwise convolution weight gradient \(windows.description)", covers: ["DepthwiseWeightGradient"],
            inputs: [windows.y, windows.x]
        ) {
            let w = Tensor(windows.w, repeating: 0, in: $0[0].pool).variable
            return gradients(
                of: $0[1].convolvedByChannel(with: w, windows.grid), seed: $0[0], with: [w], recording: true)[0]
        } reference: { operands in
            var w = NaiveTensor(windows.w.extents) { _ in 0 }
            windows.forEachProduct { w[$1] += operands[0][$2] * operands[1][$0] }
            return w
        },
    ]
}

/// Windows with padding, which is never the largest and adds nothing.
let paddedPoolChecks: [OperationCheck] = windows.dropLast(2).flatMap { windows in
    [
        OperationCheck(
            name: "maximum pool \(windows.description)", covers: ["Gather"], inputs: [windows.x], domains: [.distinct]
        ) {
            $0[0].maximumPooled(windows.grid)
        } reference: { operands in
            var y = NaiveTensor(windows.y.extents) { _ in -Double.infinity }
            windows.forEachProduct { x, _, out in y[out] = max(y[out], operands[0][x]) }
            return y
        },
        OperationCheck(name: "pool sum \(windows.description)", covers: ["PoolSum"], inputs: [windows.x]) {
            $0[0].summed(over: windows.grid)
        } reference: { operands in
            var y = NaiveTensor(windows.y.extents) { _ in 0 }
            windows.forEachProduct { x, _, out in y[out] += operands[0][x] }
            return y
        },
        OperationCheck(name: "pool spread \(windows.description)", covers: ["PoolSpread"], inputs: [windows.y]) {
            let x = Tensor(windows.x, repeating: 0, in: $0[0].pool).variable
            return gradients(of: x.summed(over: windows.grid), seed: $0[0], with: [x], recording: true)[0]
        } reference: { operands in
            var x = NaiveTensor(windows.x.extents) { _ in 0 }
            windows.forEachProduct { place, _, out in x[place] += operands[0][out] }
            return x
        },
    ]
}
