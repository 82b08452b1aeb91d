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
                        for part in 0..<parts {
                            let lane = part * registerLaneCount
                            // Taps of one input channel are 256 numbers apart.
                            spread(taps + (row * 16 + lane), 3 * 256, 256, lane, workspace)
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
        withWorkspace(extra: 9 * registerLaneCount) { workspace in
            let copy = workspace + middleCount
            for panel in 0..<Panel.count(inChannels) {
                for row in 0..<depth {
                    for part in 0..<parts {
                        let lane = part * registerLaneCount, channel = panel * 16 + lane
                        let count = row < outChannels ? max(0, min(registerLaneCount, inChannels - channel)) : 0
                        if count == registerLaneCount {
                            let last = filters + ((row * 9 + 8) * inChannels + channel)
                            spread(last, -3 * inChannels, -inChannels, lane, workspace)
                        } else {
                            for tap in 0..<9 {
                                store(RegisterLanes.zero, copy + tap * registerLaneCount)
                                if count == 0 { continue }
                                let source = filters + ((row * 9 + 8 - tap) * inChannels + channel)
                                (copy + tap * registerLaneCount).update(from: source, count: count)
                            }
                            spread(copy, 3 * registerLaneCount, registerLaneCount, lane, workspace)
                        }
                    }
                    write(workspace, planes + (panel * depth + row) * 16)
                }
            }
        }
    }

    /// What `gatherGradient` works in.
    static var gatherCount: Int { (6 * 6 + 3) * registerLaneCount }

    /// Rows `outputs` and the channels of one panel of dw[Co,3,3,Ci], from planes [outputs][16] `stride` apart.
    @inline(never)
    func gatherGradient(
        _ planes: Source, stride: Int, _ outputs: Range<Int>, _ panel: Int, _ gradient: Destination,
        _ workspace: Destination
    ) {
        typealias Transform = Scheme.FilterGradientTransform
        let side = Scheme.filterLines, lanes = registerLaneCount, copy = workspace + 6 * 6 * lanes
        let aroundCache = goesAroundCache(gradient, count: outChannels * 9 * inChannels, Self.cachedGradient)
            && inChannels % Panel.width == 0 && lanes == Panel.width
        for output in outputs {
            for part in 0..<parts {
                let lane = part &* lanes, channel = panel &* 16 &+ lane
                if channel >= inChannels { continue }
                let source = planes + ((output &- outputs.lowerBound) &* 16 &+ lane)
                for j in 0..<side {
                    Transform.apply(
                        StridedLine(source + j &* stride, side &* stride), workspace + j &* lanes, side &* lanes)
                }
                let count = min(lanes, inChannels &- channel)
                for i in 0..<3 {
                    let line = StridedLine(workspace + i &* side &* lanes, lanes)
                    let target = gradient + ((output &* 9 &+ i &* 3) &* inChannels &+ channel)
                    if aroundCache {
                        Transform.apply(line, copy, lanes)
                        for j in 0..<3 {
                            storeAroundCache(load(copy + j &* lanes, as: PanelLanes.self), target + j &* inChannels)
                        }
                    } else if count == lanes {
                        Transform.apply(line, target, inChannels)
                    } else {
                        Transform.apply(line, copy, lanes)
                        for j in 0..<3 { (target + j &* inChannels).update(from: copy + j &* lanes, count: count) }
                    }
                }
            }
        }
    }

    /// Lines between the two passes of a transform, and one row of all planes.
    private var middleCount: Int { lineCount + Scheme.filterPlanes * 16 }
    private var lineCount: Int { 6 * 3 * registerLaneCount }

    private func withWorkspace(extra: Int, _ body: (Destination) -> Void) {
        withUnsafeTemporaryAllocation(of: Scalar.self, capacity: middleCount + extra) { buffer in
            guard let base = buffer.baseAddress else { return }
            base.initialize(repeating: 0, count: middleCount + extra)
            body(base)
        }
    }

    /// Registers that a panel's row is transformed in.
    @inline(__always) private var parts: Int { Panel.width / registerLaneCount }

    /// A register of channels of a 3x3 filter to their part of a row of all planes, which stands in the workspace and
    /// begins with `lane` there.
    @inline(__always)
    private func spread(
        _ filter: Source, _ rowStride: Int, _ tapStride: Int, _ lane: Int, _ workspace: Destination
    ) {
        typealias Transform = Scheme.FilterTransform
        let row = workspace + lineCount + lane, lanes = registerLaneCount
        for j in 0..<3 {
            Transform.apply(StridedLine(filter + j &* tapStride, rowStride), workspace + j &* lanes, 3 &* lanes)
        }
        for i in 0..<Scheme.filterLines {
            Transform.apply(
                StridedLine(workspace + 3 &* i &* lanes, lanes), row + i &* Scheme.filterLines &* 16, 16)
        }
    }

    /// Writes a row of all planes, `planeStride` apart.
    @inline(__always)
    private func write(_ workspace: Destination, _ planes: Destination) {
        let row = workspace + lineCount, aroundCache = goesAroundCache(planes, count: count, Self.cached)
        for plane in 0..<Scheme.filterPlanes {
            let numbers = load(Source(row + plane &* 16), as: PanelLanes.self), place = planes + plane &* planeStride
            if aroundCache { storeAroundCache(numbers, place) } else { store(numbers, place) }
        }
    }

    /// More numbers than a cache holds go around it, if they are aligned: each of their lines would be read before it is
    /// written, and gone before it is used.
    @inline(__always)
    private func goesAroundCache(_ place: Destination, count: Int, _ cached: Int) -> Bool {
        count > cached && UInt(bitPattern: place) % UInt(MemoryLayout<PanelLanes>.alignment) == 0
    }

    /// Numbers that stay in the cache: of planes, and of a gradient, which is written while the patches are needed.
    @inline(__always) private static var cached: Int { 1 << 20 }
    @inline(__always) private static var cachedGradient: Int { 1 << 19 }

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
