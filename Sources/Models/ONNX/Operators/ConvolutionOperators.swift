import Autodiff
import Failures
import Kernels
import Layers

/// Convolutions and pools of images, which stand with their channels last in memory.
extension NodeTranslation {
    /// Images as the input 0 has them: [B, C, H, W] in the graph, [B, H, W, C] in memory.
    private func images() throws -> GraphActivation {
        let x = try activation()
        guard x.rank == 4 else { throw refusal("its input has \(x.rank) axes, expected images [B, C, H, W]") }
        guard x.batch == 0 else { throw refusal("it mixes images") }
        return builder.arranged(x, x.order(last: [2, 3, 1]))
    }

    private func result(
        _ x: GraphActivation, _ operands: [GraphNetwork.Operand], _ grid: WindowGrid, channels: Int,
        _ run: @escaping @Sendable ([Tensor]) -> Tensor
    ) -> GraphActivation {
        builder.emit(
            [.slot(x.slot)] + operands, [x.shape[0], channels, grid.rows.windows, grid.columns.windows], batch: 0,
            order: x.order, run)
    }

    /// Where windows lie, by all the ways that nodes say it.
    private func grid(_ x: GraphActivation, window: [Int]) throws -> WindowGrid {
        let strides = try integerList("strides") ?? [1, 1], dilations = try integerList("dilations") ?? [1, 1]
        var pads = try integerList("pads") ?? [0, 0, 0, 0]
        let extents = [x.shape[2], x.shape[3]], limits = 1...4096
        guard window.count == 2, strides.count == 2, dilations.count == 2, pads.count == 4,
            (window + strides + dilations).allSatisfy(limits.contains), pads.allSatisfy({ (0...4096).contains($0) })
        else { throw refusal("kernel \(window), strides \(strides), dilations \(dilations), pads \(pads)") }
        let reach = (0..<2).map { (window[$0] - 1) * dilations[$0] + 1 }
        switch try text("auto_pad") ?? "NOTSET" {
        case "NOTSET": break
        case "VALID": pads = [0, 0, 0, 0]
        case let mode where mode == "SAME_UPPER" || mode == "SAME_LOWER":
            for axis in 0..<2 {
                let windows = (extents[axis] + strides[axis] - 1) / strides[axis]
                let all = max(0, (windows - 1) * strides[axis] + reach[axis] - extents[axis])
                let (less, more) = (all / 2, all - all / 2)
                (pads[axis], pads[axis + 2]) = mode == "SAME_UPPER" ? (less, more) : (more, less)
            }
        case let mode: throw refusal("auto_pad \(mode.debugDescription.prefix(40))")
        }
        func axis(_ i: Int, more: Int) -> WindowGrid.Axis {
            WindowGrid.Axis(
                extent: extents[i], window: window[i], stride: strides[i], dilation: dilations[i], before: pads[i],
                after: pads[i + 2] + more)
        }
        let isUpward = try integer("ceil_mode") == 1
        let axes = (0..<2).map { i -> WindowGrid.Axis in
            let whole = axis(i, more: 0)
            guard isUpward else { return whole }
            // One window more, if it begins in the image or in the padding before it.
            let rounded = axis(i, more: strides[i] - 1)
            return (rounded.windows - 1) * strides[i] < extents[i] + pads[i] ? rounded : whole
        }
        guard axes.allSatisfy({ $0.windows > 0 }) else {
            throw refusal("its kernel \(window) is larger than \(extents)")
        }
        return WindowGrid(rows: axes[0], columns: axes[1])
    }

    func convolution() throws -> [GraphValue] {
        let x = try images(), weight = try constant(1), groups = try integer("group") ?? 1
        guard weight.rank == 4, weight.count > 0 else { throw refusal("its filters have the shape \(weight.shape)") }
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        guard groups > 0, outputs % groups == 0, inputs * groups == x.shape[1],
            try integerList("kernel_shape").map({ $0 == Array(weight.shape[2...]) }) ?? true
        else { throw refusal("filters \(weight.shape) in \(groups) groups for \(x.shape[1]) channels") }
        let grid = try grid(x, window: Array(weight.shape[2...]))
        let filters = try builder.operand(weight, .filters)
        var y: GraphActivation
        if groups == outputs, inputs == 1, groups > 1 {
            let taps = grid.taps, shape: Shape = [grid.rows.window, grid.columns.window, outputs]
            y = result(x, [filters], grid, channels: outputs) { x in
                let byTap = x[1].reshaped([outputs, taps]).transposed(-2, -1).reshaped(shape)
                return x[0].convolvedByChannel(with: byTap, grid)
            }
        } else {
            guard let plan = DenseConvolution(grid, groups: groups) else {
                throw refusal("strides that differ by axis")
            }
            y = result(x, [filters], grid, channels: outputs) { x in plan(x[0], x[1]) }
        }
        if has(2) { y = try combined(.activation(y), .constant(channelwise(constant(2), outputs))) { $0 + $1 } }
        return [.activation(y)]
    }

    /// One number a channel, beside images.
    private func channelwise(_ constant: GraphConstant, _ channels: Int) throws -> GraphConstant {
        guard constant.shape == [channels] else { throw refusal("\(constant.shape) numbers for \(channels) channels") }
        return constant.reshaped([channels, 1, 1])
    }

    func maximumPool() throws -> [GraphValue] {
        let x = try images(), window = try integerList("kernel_shape") ?? []
        let grid = try grid(x, window: window)
        guard grid.rows.isCovered, grid.columns.isCovered else { throw refusal("a window has no pixel of the image") }
        return [.activation(result(x, [], grid, channels: x.shape[1]) { x in x[0].maximumPooled(grid) })]
    }

    /// The mean of each window, of which padding is a part or not.
    func averagePool() throws -> [GraphValue] {
        let x = try images(), window = try integerList("kernel_shape") ?? []
        let grid = try grid(x, window: window)
        guard grid.rows.isCovered, grid.columns.isCovered else { throw refusal("a window has no pixel of the image") }
        let countsPadding = try integer("count_include_pad") == 1
        let pads = try integerList("pads") ?? [0, 0, 0, 0]
        // What rounding up adds to the windows is no padding that counts.
        func counted(_ axis: WindowGrid.Axis, _ after: Int) -> [Int] {
            (0..<axis.windows).map { window in
                let pixels = (0..<axis.window).map { window * axis.stride - axis.before + $0 * axis.dilation }
                return pixels.count {
                    countsPadding ? $0 < axis.extent + after : $0 >= 0 && $0 < axis.extent
                }
            }
        }
        let rows = counted(grid.rows, pads[2]), columns = counted(grid.columns, pads[3])
        let shares = rows.flatMap { row in columns.map { 1 / Scalar(row * $0) } }
        let isEven = Set(shares).count == 1, share = shares[0]
        return [
            .activation(
                result(x, [.constant([rows.count, columns.count, 1], shares)], grid, channels: x.shape[1]) { x in
                    let sums = x[0].summed(over: grid)
                    return isEven ? sums * share : sums * x[1]
                })
        ]
    }

    func globalAveragePool() throws -> [GraphValue] {
        let x = try images()
        return [
            .activation(
                builder.emit(
                    [.slot(x.slot)], [x.shape[0], x.shape[1], 1, 1], batch: 0, order: x.order
                ) { x in x[0].mean(-3, -2) })
        ]
    }

    func globalMaximumPool() throws -> [GraphValue] {
        let x = try images()
        let grid = WindowGrid(
            rows: .init(extent: x.shape[2], window: x.shape[2]), columns: .init(extent: x.shape[3], window: x.shape[3]))
        return [.activation(result(x, [], grid, channels: x.shape[1]) { x in x[0].maximumPooled(grid) })]
    }

    /// Each pixel several times: the only enlargement that is supported.
    func resize() throws -> [GraphValue] {
        let x = try images(), mode = try text("mode") ?? "nearest"
        guard mode == "nearest" else { throw refusal("mode \(mode.debugDescription.prefix(40))") }
        var target: [Double]?
        if has(3) {
            target = try integers(3).map { Double($0) }
        } else if node.operation == "Upsample", has(1) || node.attributes["scales"] != nil {
            guard has(1) else { throw refusal("its scales are a setting") }
            target = zip(x.shape, try constant(1).floats).map { Double($0) * Double($1) }
        } else if has(2) {
            target = zip(x.shape, try constant(2).floats).map { Double($0) * Double($1) }
        }
        let (height, width) = (Double(x.shape[2]), Double(x.shape[3]))
        guard let target, target.count == 4, target[1] == Double(x.shape[1]), target[2] / height == target[3] / width,
            let factor = Int(exactly: target[2] / height), (1...64).contains(factor)
        else { throw refusal("its target is no multiple of \(x.shape)") }
        return [
            .activation(
                builder.emit(
                    [.slot(x.slot)], [x.shape[0], x.shape[1], x.shape[2] * factor, x.shape[3] * factor], batch: 0,
                    order: x.order
                ) { x in factor == 1 ? x[0] : x[0].upsampled(by: factor) })
        ]
    }
}

/// A convolution with all the settings that its kernels do not have: they are made of padding, larger filters and parts.
private struct DenseConvolution: Sendable {
    let grid: WindowGrid
    let groups: Int
    private let settings: ConvolutionSettings
    private let isPadded: Bool

    /// Nil for strides that differ.
    init?(_ grid: WindowGrid, groups: Int) {
        let (rows, columns) = (grid.rows, grid.columns)
        guard rows.stride == columns.stride else { return nil }
        let pads = Set([rows.before, rows.after, columns.before, columns.after])
        self.grid = grid
        self.groups = groups
        isPadded = pads.count == 1
        settings = ConvolutionSettings(stride: rows.stride, padding: isPadded ? rows.before : 0)
    }

    func callAsFunction(_ x: Tensor, _ filters: Tensor) -> Tensor {
        let x = isPadded ? x : padded(padded(x, grid.rows, axis: -3), grid.columns, axis: -2)
        let filters = dilated(filters)
        guard groups > 1 else { return x.convolved(with: filters, settings) }
        let inputs = filters.shape[-1], outputs = filters.shape[0] / groups
        return Tensor.concatenation(
            (0..<groups).map { group in
                x.sliced((group * inputs)..<((group + 1) * inputs), axis: -1).convolved(
                    with: filters.sliced((group * outputs)..<((group + 1) * outputs), axis: -4), settings)
            }, axis: -1)
    }

    private func padded(_ x: Tensor, _ axis: WindowGrid.Axis, axis place: Int) -> Tensor {
        guard axis.before + axis.after > 0 else { return x }
        return x.embedded(at: axis.before, of: axis.before + axis.extent + axis.after, axis: place)
    }

    /// Zeros between the places of a filter.
    private func dilated(_ filters: Tensor) -> Tensor {
        let (down, across) = (grid.rows.dilation, grid.columns.dilation)
        guard down > 1 || across > 1 else { return filters }
        let s = filters.shape
        let spread = filters.reshaped([s[0], s[1], 1, s[2], 1, s[3]]).embedded(at: 0, of: down, axis: -4)
            .embedded(at: 0, of: across, axis: -2).reshaped([s[0], s[1] * down, s[2] * across, s[3]])
        return spread.sliced(0..<grid.rows.reach, axis: -3).sliced(0..<grid.columns.reach, axis: -2)
    }
}
