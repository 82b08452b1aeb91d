/// Filters as a pass on the matrix unit reads them: tiles [sweep of y][sweep of x][output/16][tap of y][depth/32], where taps of
/// x and the channels that are read are one depth.
struct TileFilters {
    let rows, columns: TileAxis
    /// Channels of the images that are read, and that are written.
    let inChannels, outChannels: Int
    /// Of the filters [Co, kh, kw, Ci].
    private let shape: (height: Int, width: Int, channels: Int)
    /// Whether channels of the images that are read are the filters' Ci, and not their Co.
    private let isForward: Bool

    init(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) {
        isForward = operation == .forward
        shape = (g.kernelHeight, g.kernelWidth, g.inChannels)
        if isForward {
            rows = TileAxis(
                forward: g.height, g.outHeight, kernel: g.kernelHeight, stride: g.stride, padding: g.padding)
            columns = TileAxis(
                forward: g.width, g.outWidth, kernel: g.kernelWidth, stride: g.stride, padding: g.padding)
        } else {
            rows = TileAxis(
                backward: g.outHeight, g.height, kernel: g.kernelHeight, stride: g.stride, padding: g.padding)
            columns = TileAxis(
                backward: g.outWidth, g.width, kernel: g.kernelWidth, stride: g.stride, padding: g.padding)
        }
        inChannels = isForward ? g.inChannels : g.outChannels
        outChannels = isForward ? g.outChannels : g.inChannels
    }

    /// Tiles of output channels.
    var outputBlocks: Int { Tile.blocks(outChannels, of: Tile.columns) }
    /// Tiles of one depth: of taps of x and channels.
    func depthBlocks(_ x: TileSweep) -> Int { Tile.blocks(x.taps.count * inChannels, of: Tile.depth) }
    /// Bytes of filters for sixteen outputs.
    func bytes(_ y: TileSweep, _ x: TileSweep) -> Int { y.taps.count * depthBlocks(x) * Tile.bytes }

    /// Of an image, with the zeros that fill tiles up.
    var multiplications: Int {
        var sum = 0
        forEachSweep { y, x, _ in
            sum += y.count * x.count * y.taps.count * depthBlocks(x) * Tile.depth * outputBlocks * Tile.columns
        }
        return sum
    }

    /// Calls `body` with each pair of sweeps and the place of its filters.
    func forEachSweep(_ body: (_ y: TileSweep, _ x: TileSweep, _ filters: Int) -> Void) {
        var place = 0
        for y in rows.sweeps {
            for x in columns.sweeps {
                body(y, x, place)
                place += outputBlocks * bytes(y, x)
            }
        }
    }

    /// Of all.
    var bytes: Int {
        var end = 0
        forEachSweep { y, x, place in end = place + outputBlocks * bytes(y, x) }
        return end
    }

    /// Filters w[Co, kh, kw, Ci] as tiles.
    func prepare(_ filters: Source, into prepared: UnsafeMutableRawPointer) {
        withUnsafeTemporaryAllocation(of: TilePacking.Words.self, capacity: Tile.pairs) { room in
            guard let words = room.baseAddress else { return }
            forEachSweep { y, x, place in
                var tile = prepared + place
                for block in 0..<outputBlocks {
                    for ky in y.taps {
                        for start in 0..<depthBlocks(x) {
                            if isForward {
                                forwardTile(filters, block, ky, start * Tile.depth, words)
                            } else {
                                backwardTile(filters, block, ky, x.taps, start * Tile.depth, words)
                            }
                            tile.copyMemory(from: words, byteCount: Tile.bytes)
                            tile += Tile.bytes
                        }
                    }
                }
            }
        }
    }

    /// Taps and channels are neighbours in memory, outputs are not: rows of outputs, exchanged with columns.
    private func forwardTile(
        _ filters: Source, _ block: Int, _ ky: Int, _ start: Int, _ words: UnsafeMutablePointer<TilePacking.Words>
    ) {
        let line = shape.width * shape.channels, count = min(Tile.depth, line - start)
        for row in 0..<Tile.columns {
            words[row] = .zero
            let output = block * Tile.columns + row
            guard output < outChannels else { continue }
            TilePacking.row(
                count, filters + ((output * shape.height + ky) * line + start),
                UnsafeMutableRawPointer(words + row))
        }
        TilePacking.transpose(words)
    }

    /// The outputs are neighbours in memory.
    private func backwardTile(
        _ filters: Source, _ block: Int, _ ky: Int, _ taps: [Int], _ start: Int,
        _ words: UnsafeMutablePointer<TilePacking.Words>
    ) {
        func row(_ depth: Int) -> Source? {
            guard depth < taps.count * inChannels else { return nil }
            let (tap, channel) = depth.quotientAndRemainder(dividingBy: inChannels)
            let pixel = (channel * shape.height + ky) * shape.width + taps[tap]
            return filters + pixel * shape.channels
        }
        for pair in 0..<Tile.pairs {
            words[pair] = TilePacking.pairs(
                row(start + 2 * pair), row(start + 2 * pair + 1), from: block * Tile.columns, of: outChannels)
        }
    }
}
