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
            let scratch = workspace + rowCount, taps = scratch + scratchCount
            for column in 0..<Panel.count(outChannels) {
                for panel in 0..<Panel.count(inChannels) {
                    transpose(filters, column * 16, panel * 16, taps)
                    for row in 0..<16 {
                        for part in 0..<parts {
                            let lane = part * registerLaneCount
                            // Taps of one input channel are 256 numbers apart.
                            spread(taps + (row * 16 + lane), 3 * 256, 256, to: workspace + lane, scratch)
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
            let scratch = workspace + rowCount, copy = scratch + scratchCount
            for panel in 0..<Panel.count(inChannels) {
                for row in 0..<depth {
                    for part in 0..<parts {
                        let lane = part * registerLaneCount, channel = panel * 16 + lane
                        let count = row < outChannels ? max(0, min(registerLaneCount, inChannels - channel)) : 0
                        if count == registerLaneCount {
                            let last = filters + ((row * 9 + 8) * inChannels + channel)
                            spread(last, -3 * inChannels, -inChannels, to: workspace + lane, scratch)
                        } else {
                            for tap in 0..<9 {
                                store(RegisterLanes.zero, copy + tap * registerLaneCount)
                                if count == 0 { continue }
                                let source = filters + ((row * 9 + 8 - tap) * inChannels + channel)
                                (copy + tap * registerLaneCount).update(from: source, count: count)
                            }
                            spread(copy, 3 * registerLaneCount, registerLaneCount, to: workspace + lane, scratch)
                        }
                    }
                    write(workspace, planes + (panel * depth + row) * 16)
                }
            }
        }
    }

    /// What `gatherGradient` works in.
    static var gatherCount: Int { Scheme.FilterGradientTransform.transformScratchCount }

    /// Rows `outputs` and the channels of one panel of dw[Co,3,3,Ci], from planes [outputs][16] `stride` apart.
    @inline(never)
    func gatherGradient(
        _ planes: Source, stride: Int, _ outputs: Range<Int>, _ panel: Int, _ gradient: Destination,
        _ scratch: Destination
    ) {
        let aroundCache =
            hasWideRegisters && inChannels % Panel.width == 0
            && goesAroundCache(gradient, count: outChannels * 9 * inChannels, Self.cachedGradient)
        for output in outputs {
            for part in 0..<parts {
                let lane = part &* registerLaneCount, channel = panel &* 16 &+ lane
                if channel >= inChannels { continue }
                Scheme.FilterGradientTransform.transform(
                    FilterGradient(
                        planes: planes + ((output &- outputs.lowerBound) &* 16 &+ lane), planeStride: stride,
                        gradient: gradient + (output &* 9 &* inChannels &+ channel), inChannels: inChannels,
                        count: min(registerLaneCount, inChannels &- channel), aroundCache: aroundCache),
                    scratch)
            }
        }
    }

    /// A register of input channels of one output's gradient.
    private struct FilterGradient: TileEnds {
        let planes: Source, planeStride: Int
        let gradient: Destination
        let inChannels, count: Int
        let aroundCache: Bool

        @inline(__always)
        func column(_ index: Int) -> StridedLine {
            StridedLine(planes + index &* planeStride, Scheme.filterLines &* planeStride)
        }

        @inline(__always)
        func row(_ index: Int) -> GradientTaps {
            GradientTaps(
                base: gradient + 3 &* index &* inChannels, stride: inChannels, count: count, aroundCache: aroundCache)
        }
    }

    /// Three neighbouring taps, of `count` channels.
    private struct GradientTaps: WritableLine {
        let base: Destination
        let stride, count: Int
        let aroundCache: Bool

        @inline(__always) subscript(_ index: Int) -> RegisterLanes {
            get { load(base + index &* stride, as: RegisterLanes.self) }
            nonmutating set {
                let place = base + index &* stride
                if aroundCache {
                    storeAroundCache(newValue, place)
                } else if count == registerLaneCount {
                    store(newValue, place)
                } else {
                    for lane in 0..<count { place[lane] = newValue[lane] }
                }
            }
        }
    }

    /// One row of all planes.
    private var rowCount: Int { Scheme.filterPlanes * 16 }
    private var scratchCount: Int { Scheme.FilterTransform.transformScratchCount }

    private func withWorkspace(extra: Int, _ body: (Destination) -> Void) {
        withUnsafeTemporaryAllocation(of: Scalar.self, capacity: rowCount + scratchCount + extra) { buffer in
            guard let base = buffer.baseAddress else { return }
            base.initialize(repeating: 0, count: rowCount + scratchCount + extra)
            body(base)
        }
    }

    /// Registers that a panel's row is transformed in.
    @inline(__always) private var parts: Int { Panel.width / registerLaneCount }

    /// A register of channels of a 3x3 filter to their part of a row of all planes.
    @inline(__always)
    private func spread(
        _ filter: Source, _ rowStride: Int, _ tapStride: Int, to row: Destination, _ scratch: Destination
    ) {
        Scheme.FilterTransform.transform(
            Filter(filter: filter, rowStride: rowStride, tapStride: tapStride, planes: row), scratch)
    }

    private struct Filter: TileEnds {
        let filter: Source
        let rowStride, tapStride: Int
        let planes: Destination

        @inline(__always)
        func column(_ index: Int) -> StridedLine { StridedLine(filter + index &* tapStride, rowStride) }

        @inline(__always)
        func row(_ index: Int) -> StridedPlaces { StridedPlaces(planes + index &* Scheme.filterLines &* 16, 16) }
    }

    /// Writes a row of all planes, `planeStride` apart.
    @inline(__always)
    private func write(_ row: Source, _ planes: Destination) {
        let aroundCache = goesAroundCache(planes, count: count, Self.cached)
        for plane in 0..<Scheme.filterPlanes {
            for part in 0..<parts {
                let lane = part &* registerLaneCount, place = planes + (plane &* planeStride &+ lane)
                let numbers = load(row + (plane &* 16 &+ lane), as: RegisterLanes.self)
                if aroundCache { storeAroundCache(numbers, place) } else { store(numbers, place) }
            }
        }
    }

    /// More numbers than a cache holds go around it, if they are aligned: each of their lines would be read before it
    /// is written, and gone before it is used.
    @inline(__always)
    private func goesAroundCache(_ place: Destination, count: Int, _ cached: Int) -> Bool {
        count > cached && UInt(bitPattern: place) % UInt(MemoryLayout<RegisterLanes>.alignment) == 0
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
