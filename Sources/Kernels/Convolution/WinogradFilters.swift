/// Filters [Co,3,3,Ci] in transformed planes, [planes][columns/16][depth][16], and their gradients' way back.
struct WinogradFilters<Scheme: WinogradScheme> {
    let inChannels, outChannels: Int
    /// Distance between planes; one cache line more than their size, as for tiles.
    let planeStride: Int

    init(inChannels: Int, outChannels: Int) {
        self.inChannels = inChannels
        self.outChannels = outChannels
        planeStride = Panel.padded(inChannels) * Panel.padded(outChannels) + 16
    }

    var count: Int { Scheme.filterPlanes * planeStride }

    /// For the forward pass: columns are output channels, the depth is input channels.
    func prepareForward(_ filters: Source, _ planes: Destination) {
        let depth = Panel.padded(inChannels)
        let block = 9 * 16 * 16
        withWorkspace(extra: block) { workspace in
            let taps = workspace + middleCount
            for column in 0..<Panel.count(outChannels) {
                for panel in 0..<Panel.count(inChannels) {
                    transpose(filters, column * 16, panel * 16, taps)
                    for row in 0..<16 {
                        for half in [0, 8] {
                            // Taps of one input channel are 256 numbers apart.
                            spread(taps + (row * 16 + half), 3 * 256, 256, half, workspace)
                        }
                        write(workspace, planes + (column * depth + panel * 16 + row) * 16)
                    }
                }
            }
        }
    }

    /// For the input gradient: columns are input channels, the depth is output channels, and filters are turned by 180
    /// degrees.
    func prepareInputGradient(_ filters: Source, _ planes: Destination) {
        let depth = Panel.padded(outChannels)
        withWorkspace(extra: 9 * 8) { workspace in
            let copy = workspace + middleCount
            for panel in 0..<Panel.count(inChannels) {
                for row in 0..<depth {
                    for half in [0, 8] {
                        let channel = panel * 16 + half
                        let lanes = row < outChannels ? max(0, min(8, inChannels - channel)) : 0
                        if lanes == 8 {
                            let last = filters + ((row * 9 + 8) * inChannels + channel)
                            spread(last, -3 * inChannels, -inChannels, half, workspace)
                        } else {
                            for tap in 0..<9 {
                                store(.zero, copy + tap * 8)
                                if lanes == 0 { continue }
                                let source = filters + ((row * 9 + 8 - tap) * inChannels + channel)
                                (copy + tap * 8).update(from: source, count: lanes)
                            }
                            spread(copy, 24, 8, half, workspace)
                        }
                    }
                    write(workspace, planes + (panel * depth + row) * 16)
                }
            }
        }
    }

    /// What `gatherGradient` works in.
    static var gatherCount: Int { 6 * 6 * 8 + 3 * 8 }

    /// Rows `outputs` and the channels of one panel of dw[Co,3,3,Ci], from planes [outputs][16] `stride` apart.
    @inline(never)
    func gatherGradient(
        _ planes: Source, stride: Int, _ outputs: Range<Int>, _ panel: Int, _ gradient: Destination,
        _ workspace: Destination
    ) {
        typealias Transform = Scheme.FilterGradientTransform
        let side = Scheme.filterLines, copy = workspace + 6 * 6 * 8
        for output in outputs {
            for half in 0..<2 {
                let channel = panel &* 16 &+ half &* 8
                if channel >= inChannels { continue }
                let source = planes + ((output &- outputs.lowerBound) &* 16 &+ half &* 8)
                for j in 0..<side {
                    Transform.apply(
                        StridedLine(source + j &* stride, side &* stride), workspace + j &* 8, side &* 8)
                }
                let lanes = min(8, inChannels &- channel)
                for i in 0..<3 {
                    let line = StridedLine(workspace + i &* side &* 8, 8)
                    let target = gradient + ((output &* 9 &+ i &* 3) &* inChannels &+ channel)
                    if lanes == 8 {
                        Transform.apply(line, target, inChannels)
                    } else {
                        Transform.apply(line, copy, 8)
                        for j in 0..<3 { (target + j &* inChannels).update(from: copy + j &* 8, count: lanes) }
                    }
                }
            }
        }
    }

    /// Lines between the two passes of a transform, and one row of all planes.
    private var middleCount: Int { lineCount + Scheme.filterPlanes * 16 }
    private var lineCount: Int { 6 * 3 * 8 }

    private func withWorkspace(extra: Int, _ body: (Destination) -> Void) {
        withUnsafeTemporaryAllocation(of: Scalar.self, capacity: middleCount + extra) { buffer in
            guard let base = buffer.baseAddress else { return }
            base.initialize(repeating: 0, count: middleCount + extra)
            body(base)
        }
    }

    /// Eight lanes of a 3x3 filter to their half of a row of all planes, which stands in the workspace.
    @inline(__always)
    private func spread(
        _ filter: Source, _ rowStride: Int, _ tapStride: Int, _ half: Int, _ workspace: Destination
    ) {
        typealias Transform = Scheme.FilterTransform
        let row = workspace + lineCount + half
        for j in 0..<3 { Transform.apply(StridedLine(filter + j &* tapStride, rowStride), workspace + j &* 8, 24) }
        for i in 0..<Scheme.filterLines {
            Transform.apply(StridedLine(workspace + i &* 24, 8), row + i &* Scheme.filterLines &* 16, 16)
        }
    }

    /// Writes a row of all planes, `planeStride` apart. More planes than a cache holds go past it: each of their lines
    /// would be read before it is written, and gone before it is used.
    @inline(__always)
    private func write(_ workspace: Destination, _ planes: Destination) {
        let row = workspace + lineCount
        let isAligned = UInt(bitPattern: planes) % UInt(MemoryLayout<Lanes>.alignment) == 0
        if isAligned, count > Self.cached {
            for plane in 0..<Scheme.filterPlanes {
                storeAroundCache(load(row + plane &* 16), planes + plane &* planeStride)
                storeAroundCache(load(row + (plane &* 16 &+ 8)), planes + (plane &* planeStride &+ 8))
            }
        } else {
            for plane in 0..<Scheme.filterPlanes {
                store(load(row + plane &* 16), planes + plane &* planeStride)
                store(load(row + (plane &* 16 &+ 8)), planes + (plane &* planeStride &+ 8))
            }
        }
    }

    /// Numbers that stay in the cache.
    @inline(__always) private static var cached: Int { 1 << 20 }

    /// taps[9][16 input channels][16 output channels], zero where the filters have no such channel.
    private func transpose(_ filters: Source, _ output: Int, _ input: Int, _ taps: Destination) {
        let outputs = min(16, outChannels - output), inputs = min(16, inChannels - input)
        if outputs < 16 || inputs < 16 { taps.update(repeating: 0, count: 9 * 256) }
        for o in 0..<outputs {
            for tap in 0..<9 {
                let source = filters + (((output &+ o) &* 9 &+ tap) &* inChannels &+ input)
                let target = taps + (tap &* 256 &+ o)
                for i in 0..<inputs { target[i &* 16] = source[i] }
            }
        }
    }
}
