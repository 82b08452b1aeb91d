/// The tiles that a batch of channels-last images is cut into, and their way to and from the transformed planes.
///
/// A block of tiles is stored as [planes][channels/16][panelRows][16]; planes are `planeStride` numbers apart.
struct WinogradTiles {
    let height, width, channels: Int
    let tilesDown, tilesAcross: Int
    /// Pixels between neighbouring tiles.
    let step: Int
    let panelRows, planeStride: Int

    init(_ images: FeatureMap, tilesDown: Int, tilesAcross: Int, step: Int, panelRows: Int) {
        height = images.height
        width = images.width
        channels = images.channels
        self.tilesDown = tilesDown
        self.tilesAcross = tilesAcross
        self.step = step
        self.panelRows = panelRows
        // One cache line more, because planes a power of two apart would share the same few sets of the L1 cache.
        planeStride = Panel.padded(channels) * panelRows + 16
    }

    /// What transforms work in: the lines between the two passes, a patch or tile copied lane by lane, and a row of zeros
    /// that stands for rows outside the image.
    static func workspaceCount(channels: Int) -> Int { 2 * linesCount + longestRow * Panel.padded(channels) }
    private static var linesCount: Int { longestLine * longestRow * registerLaneCount }
    @inline(__always) private static var longestLine: Int { 9 }
    /// Pixels of a row that are transformed together, at most.
    @inline(__always) private static var longestRow: Int { 20 }

    static func clear(_ workspace: Destination, channels: Int) {
        workspace.update(repeating: 0, count: workspaceCount(channels: channels))
    }

    var imageCount: Int { height * width * channels }

    /// Numbers of the batch up to the last row that tiles before `tile` touch, if they reach `rowsBeyond` rows beyond
    /// where the next row of tiles would begin without a margin.
    func count(upTo tile: Int, rowsBeyond: Int) -> Int {
        let perImage = tilesDown * tilesAcross
        let rows = (tile % perImage + tilesAcross - 1) / tilesAcross
        let touched = rows == 0 ? 0 : min(height, rows * step + rowsBeyond)
        return tile / perImage * imageCount + touched * width * channels
    }

    /// Neighbouring tiles of one row of tiles.
    private struct Run {
        /// The first pixel's place.
        let image, top, left: Int
        let tiles: Int
    }

    /// Cuts `tiles` into runs of at most `longest`; `body` gets each and the number of tiles before it.
    @inline(__always)
    private func forEachRun(_ tiles: Range<Int>, longest: Int, _ body: (Run, Int) -> Void) {
        let perImage = tilesDown &* tilesAcross
        var image = tiles.lowerBound / perImage
        var row = tiles.lowerBound % perImage / tilesAcross, column = tiles.lowerBound % tilesAcross
        var done = 0
        while done < tiles.count {
            let count = min(longest, tilesAcross &- column, tiles.count &- done)
            body(Run(image: image, top: row &* step, left: column &* step, tiles: count), done)
            done &+= count
            column &+= count
            if column == tilesAcross {
                column = 0
                row &+= 1
                if row == tilesDown {
                    row = 0
                    image &+= 1
                }
            }
        }
    }

    /// Transforms the tiles of `images` into planes. A tile's line starts `margin` pixels before the output tile;
    /// pixels outside the image count as zero.
    @inline(never)
    func spread<Transform: LineTransform>(
        _ transform: Transform.Type, _ tiles: Range<Int>, margin: Int, _ images: Source, _ planes: Destination,
        _ workspace: Destination
    ) {
        let sharesColumns = Transform.inputs &- step > 1
        let longest = sharesColumns ? (Self.longestRow &- Transform.inputs) / step &+ 1 : 1
        withUnsafeTemporaryAllocation(of: Source.self, capacity: Self.longestLine) { rows in
            guard let rows = rows.baseAddress else { return }
            forEachRun(tiles, longest: longest) { run, before in
                spreadRun(transform, run, margin, images, planes + before &* 16, rows, workspace)
            }
        }
    }

    /// Columns that two neighbouring tiles share are transformed once.
    @inline(__always)
    private func spreadRun<Transform: LineTransform>(
        _ transform: Transform.Type, _ run: Run, _ margin: Int, _ images: Source, _ planes: Destination,
        _ rows: UnsafeMutablePointer<Source>, _ workspace: Destination
    ) {
        let side = Transform.inputs, lanes = registerLaneCount, lineStride = Self.longestRow &* lanes
        let copy = workspace + Self.linesCount, zeros = copy + Self.linesCount
        let top = run.top &- margin, left = run.left &- margin
        let columns = (run.tiles &- 1) &* step &+ side
        let first = max(0, 0 &- left), last = min(columns, width &- left)
        for i in 0..<side {
            let y = top &+ i
            let inside = y >= 0 && y < height
            rows[i] = inside
                ? images + ((run.image &* height &+ y) &* width &+ (left &+ first)) &* channels : Source(zeros)
        }
        for j in 0..<columns where j < first || j >= last {
            for i in 0..<Transform.outputs { store(RegisterLanes.zero, workspace + (i &* lineStride &+ j &* lanes)) }
        }
        let panelStride = panelRows &* 16
        let whole = channels / lanes &* lanes
        var channel = 0
        while channel < whole {
            for j in first..<last {
                Transform.apply(RowsLine(rows, (j &- first) &* channels &+ channel), workspace + j &* lanes, lineStride)
            }
            secondPass(transform, run, planes + (channel / 16 &* panelStride &+ channel % 16), workspace)
            channel &+= lanes
        }
        if channel < channels {
            copyLanes(rows, side, last &- first, channel, copy)
            for j in first..<last {
                let line = StridedLine(copy + (j &- first) &* lanes, lineStride)
                Transform.apply(line, workspace + j &* lanes, lineStride)
            }
            secondPass(transform, run, planes + (channel / 16 &* panelStride &+ channel % 16), workspace)
            channel &+= lanes
        }
        if channel % 16 != 0 {
            let padding = planes + (channel / 16 &* panelStride &+ channel % 16)
            for tile in 0..<run.tiles {
                for plane in 0..<(Transform.outputs &* Transform.outputs) {
                    store(RegisterLanes.zero, padding + (plane &* planeStride &+ tile &* 16))
                }
            }
        }
    }

    @inline(__always)
    private func secondPass<Transform: LineTransform>(
        _ transform: Transform.Type, _ run: Run, _ planes: Destination, _ workspace: Destination
    ) {
        for tile in 0..<run.tiles {
            let source = workspace + tile &* step &* registerLaneCount, target = planes + tile &* 16
            for i in 0..<Transform.outputs {
                Transform.apply(
                    StridedLine(source + i &* Self.longestRow &* registerLaneCount, registerLaneCount),
                    target + i &* Transform.outputs &* planeStride, planeStride)
            }
        }
    }

    /// The last, incomplete register of channels of a patch, filled up with zeros.
    private func copyLanes(
        _ rows: UnsafeMutablePointer<Source>, _ side: Int, _ columns: Int, _ channel: Int, _ copy: Destination
    ) {
        let count = channels - channel
        for i in 0..<side {
            for j in 0..<columns {
                let target = copy + (i * Self.longestRow + j) * registerLaneCount
                store(RegisterLanes.zero, target)
                target.update(from: rows[i] + (j * channels + channel), count: count)
            }
        }
    }

    /// Transforms planes back into the output tiles of `images`, leaving out what lies beyond the image's edge.
    @inline(never)
    func gather<Transform: LineTransform>(
        _ transform: Transform.Type, _ tiles: Range<Int>, _ planes: Source, _ images: Destination,
        _ epilogue: ConvolutionEpilogue, aroundCache: Bool, _ workspace: Destination
    ) {
        forEachRun(tiles, longest: 1) { run, before in
            let place = (run.top &* width &+ run.left) &* channels, image = run.image &* imageCount
            gatherTile(
                transform, run, planes + before &* 16, images + (image &+ place),
                epilogue.at(image: run.image, count: imageCount, offset: place), aroundCache, workspace)
        }
    }

    /// Asks for the lines of the neighbouring tile: stores that wait for a line hold up those behind them.
    @inline(__always)
    private func fetchNext(_ rows: Int, _ columns: Int, _ target: Destination) {
        for i in 0..<rows {
            var line = target + (i &* width &+ step) &* channels
            let end = line + columns &* channels
            while line < end {
                prefetchNear(line)
                line += 16
            }
        }
    }

    @inline(__always)
    private func gatherTile<Transform: LineTransform>(
        _ transform: Transform.Type, _ tile: Run, _ planes: Source, _ target: Destination,
        _ epilogue: ConvolutionEpilogue, _ aroundCache: Bool, _ workspace: Destination
    ) {
        let side = Transform.inputs, lanes = registerLaneCount
        let panel = workspace + Self.linesCount, panelRow = Transform.outputs &* 16
        let rows = min(Transform.outputs, height &- tile.top)
        let columns = min(Transform.outputs, width &- tile.left)
        if !aroundCache { fetchNext(rows, columns, target) }
        var channel = 0
        while channel < channels {
            let count = min(16, channels &- channel)
            for lane in stride(from: 0, to: count, by: lanes) {
                let source = planes + (channel &* panelRows &+ lane)
                for j in 0..<side {
                    Transform.apply(
                        StridedLine(source + j &* planeStride, side &* planeStride), workspace + j &* lanes,
                        side &* lanes)
                }
                for i in 0..<rows {
                    Transform.apply(
                        StridedLine(workspace + i &* side &* lanes, lanes), panel + (i &* panelRow &+ lane), 16)
                }
            }
            for i in 0..<rows {
                epilogue.write(
                    panel + i &* panelRow, columns, channels, channel: channel, count: count,
                    from: i &* width &* channels, to: target, aroundCache: aroundCache)
            }
            channel &+= 16
        }
    }
}
