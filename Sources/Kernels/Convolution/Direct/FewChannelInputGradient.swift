import CLanes

/// The input gradient of a stem: stride 1 and so few input channels that a panel of them would be mostly padding.
///
/// A register tile is as many neighbouring pixels' channels as twelve vectors hold. Each of their lanes sums over every
/// eighth output channel, or every sixteenth, and the lanes are added up at the end.
struct FewChannelInputGradient {
    private let g: ConvolutionGeometry
    /// Output channels, filled up to whole vectors.
    private let depth: Int
    /// Pixels of a tile, and of a row in whole tiles.
    private let tile, width: Int
    /// Zeros before a row of output pixels, and pixels of such a row in all.
    private let margin, rowPixels: Int

    static func supports(_ g: ConvolutionGeometry) -> Bool { g.stride == 1 && g.inChannels <= 4 }

    init(_ g: ConvolutionGeometry) {
        self.g = g
        depth = (g.outChannels + registerLaneCount - 1) / registerLaneCount * registerLaneCount
        tile = Self.tileCount / g.inChannels
        width = (g.width + tile - 1) / tile * tile
        margin = max(0, g.kernelWidth - 1 - g.padding)
        rowPixels = margin + max(width + g.padding, g.outWidth)
    }

    @inline(__always) private static var tileCount: Int { 12 }

    private var rowCount: Int { rowPixels * depth }
    /// The rows of output pixels that a row of input pixels is seen from, and one of zeros.
    var scratchCount: Int { Self.tileCount + (g.kernelHeight + 1) * rowCount }
    var preparedFilterCount: Int { g.kernelHeight * g.kernelWidth * depth * g.inChannels }

    /// [kh][kw][Co/lanes][Ci][lanes]
    func prepareFilters(_ filters: Source, into prepared: Destination) {
        var target = prepared
        for tap in 0..<(g.kernelHeight * g.kernelWidth) {
            for first in stride(from: 0, to: depth, by: registerLaneCount) {
                for channel in 0..<g.inChannels {
                    for output in first..<(first + registerLaneCount) {
                        let isReal = output < g.outChannels
                        target.pointee = isReal ? filters[output * g.patch + tap * g.inChannels + channel] : 0
                        target += 1
                    }
                }
            }
        }
    }

    func run(
        _ dy: Source, _ preparedFilters: Source, _ dx: Destination, _ epilogue: ConvolutionEpilogue,
        scratch: Destination
    ) {
        let rows = scratch + Self.tileCount
        rows.update(repeating: 0, count: (g.kernelHeight + 1) * rowCount)
        withUnsafeTemporaryAllocation(of: Source.self, capacity: g.kernelHeight) { taps in
            guard let taps = taps.baseAddress else { return }
            for n in 0..<g.images {
                var copied = 0
                for y in 0..<g.height {
                    while copied <= min(y + g.padding, g.outHeight - 1) {
                        copy(
                            dy + n * g.outputImage + copied * g.outWidth * g.outChannels,
                            rows + copied % g.kernelHeight * rowCount)
                        copied += 1
                    }
                    for ky in 0..<g.kernelHeight {
                        let output = y + g.padding - ky, isInside = output >= 0 && output < g.outHeight
                        let row = isInside ? output % g.kernelHeight : g.kernelHeight
                        taps[ky] = Source(rows + (row * rowCount + (g.padding + margin) * depth))
                    }
                    let row = dx + n * g.inputImage + y * g.width * g.inChannels
                    // Two rows on: memory is asked for it a little at a time.
                    let ahead = dy + n * g.outputImage + (copied + 1) * g.outWidth * g.outChannels
                    switch g.inChannels {
                    case 1: multiplyRow(channels: 1, taps, preparedFilters, row, spare: scratch, ahead: ahead)
                    case 2: multiplyRow(channels: 2, taps, preparedFilters, row, spare: scratch, ahead: ahead)
                    case 3: multiplyRow(channels: 3, taps, preparedFilters, row, spare: scratch, ahead: ahead)
                    default: multiplyRow(channels: 4, taps, preparedFilters, row, spare: scratch, ahead: ahead)
                    }
                }
                epilogue.finish(images: n..<n + 1, g.input, dx + n * g.inputImage)
            }
        }
    }

    /// A row of output pixels, behind its margin.
    private func copy(_ source: Source, _ row: Destination) {
        let target = row + margin * depth
        if depth == g.outChannels { return target.update(from: source, count: g.outWidth * depth) }
        for pixel in 0..<g.outWidth {
            (target + pixel * depth).update(from: source + pixel * g.outChannels, count: g.outChannels)
        }
    }

    /// A row of dx, while memory is asked for what is `ahead`. `taps` are the output pixels under the first tap of each
    /// kernel row, seen from the first pixel; `spare` is room for an incomplete tile.
    @inline(__always)
    private func multiplyRow(
        channels: Int, _ taps: UnsafePointer<Source>, _ filters: Source, _ dx: Destination, spare: Destination,
        ahead: Source
    ) {
        let numbers = tile &* g.outChannels
        var x = 0
        while x < g.width {
            var line = ahead + x &* g.outChannels
            let end = line + numbers
            while line < end {
                prefetch(line)
                line += 16
            }
            let count = min(tile, g.width &- x) &* channels, target = dx + x &* channels
            if count == Self.tileCount {
                multiplyTile(channels, taps, x &* depth, filters, target)
            } else {
                multiplyTile(channels, taps, x &* depth, filters, spare)
                target.update(from: spare, count: count)
            }
            x &+= tile
        }
    }

    /// `channels` is a literal where this is inlined, and with it the places of all vectors.
    @inline(__always)
    private func multiplyTile(
        _ channels: Int, _ taps: UnsafePointer<Source>, _ offset: Int, _ filters: Source, _ out: Destination
    ) {
        let zero = RegisterLanes.zero
        var a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero
        var a6 = zero, a7 = zero, a8 = zero, a9 = zero, a10 = zero, a11 = zero
        var filter = filters
        for ky in 0..<g.kernelHeight {
            var tap = taps[ky] + offset
            for _ in 0..<g.kernelWidth {
                var pixel = tap
                let end = tap + depth
                while pixel != end {
                    @inline(__always) func add(_ place: Int, _ sum: inout RegisterLanes) {
                        sum.addProduct(
                            load(pixel + place / channels &* depth, as: RegisterLanes.self),
                            load(filter + place % channels &* registerLaneCount, as: RegisterLanes.self))
                    }
                    add(0, &a0)
                    add(1, &a1)
                    add(2, &a2)
                    add(3, &a3)
                    add(4, &a4)
                    add(5, &a5)
                    add(6, &a6)
                    add(7, &a7)
                    add(8, &a8)
                    add(9, &a9)
                    add(10, &a10)
                    add(11, &a11)
                    pixel += registerLaneCount
                    filter += channels &* registerLaneCount
                }
                tap -= depth
            }
        }
        // Lanes are added up in pairs until each number is one lane: two shuffles and an addition a step.
        let first = fourth(a0, a1, a2, a3), second = fourth(a4, a5, a6, a7), third = fourth(a8, a9, a10, a11)
        var sums = pag_sum_pairs(first, second), last = pag_sum_pairs(third, third)
        if hasWideRegisters {
            sums = pag_sum_pairs(sums, last)
            last = RegisterLanes(lowHalf: sums.highHalf, highHalf: sums.highHalf)
        }
        for number in 0..<8 { out[number] = sums[number] }
        for number in 0..<4 { out[8 &+ number] = last[number] }
    }

    /// A fourth of each vector's lanes, with the same sum, one vector's after the other's.
    @inline(__always)
    private func fourth(
        _ a: RegisterLanes, _ b: RegisterLanes, _ c: RegisterLanes, _ d: RegisterLanes
    ) -> RegisterLanes {
        pag_sum_pairs(pag_sum_pairs(a, b), pag_sum_pairs(c, d))
    }
}
