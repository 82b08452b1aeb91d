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

    /// What transforms work in: the columns of a run of tiles between the two passes; an incomplete register of a patch
    /// copied from all pixels, or such a tile; and a row of zeros that stands for what lies outside the image.
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
        withUnsafeTemporaryAllocation(of: Source.self, capacity: 2 * Self.longestLine) { pointers in
            guard let rows = pointers.baseAddress else { return }
            let zeros = workspace + 2 &* Self.linesCount
            (rows + Self.longestLine).initialize(repeating: Source(zeros), count: Self.longestLine)
            forEachRun(tiles, longest: longest) { run, before in
                spreadRun(
                    transform, run, margin: margin, images, planes + before &* 16, rows: rows, workspace: workspace,
                    sharesColumns: sharesColumns)
            }
        }
    }

    @inline(__always)
    private func spreadRun<Transform: LineTransform>(
        _ transform: Transform.Type, _ run: Run, margin: Int, _ images: Source, _ planes: Destination,
        rows: UnsafeMutablePointer<Source>, workspace: Destination, sharesColumns: Bool
    ) {
        let lanes = registerLaneCount, outside = rows + Self.longestLine
        let top = run.top &- margin, left = run.left &- margin
        let columns = (run.tiles &- 1) &* step &+ Transform.inputs
        let first = max(0, 0 &- left), last = min(columns, width &- left)
        for i in 0..<Transform.inputs {
            let y = top &+ i
            let inside = y >= 0 && y < height
            rows[i] =
                inside
                ? images + ((run.image &* height &+ y) &* width &+ (left &+ first)) &* channels : outside[i]
        }
        let panelStride = panelRows &* 16
        var channel = 0
        while channel < channels {
            let target = planes + (channel / 16 &* panelStride &+ channel % 16)
            var patch = Patch(
                rows: rows, outside: outside, inside: first..<last, pixelStride: channels, offset: channel,
                planes: target, planeStride: planeStride, side: Transform.outputs)
            if channel &+ lanes > channels {
                copyLanes(rows, Transform.inputs, last &- first, channel, workspace + Self.linesCount)
                patch.pixelStride = lanes
                patch.offset = 0
            }
            if sharesColumns {
                spreadColumns(transform, run, columns, patch, workspace)
            } else {
                Transform.transform(patch, workspace)
            }
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

    /// A patch of images, or of a run of tiles, on its way to the planes.
    private struct Patch: TileEnds {
        let rows, outside: UnsafeMutablePointer<Source>
        /// The columns within the image.
        let inside: Range<Int>
        var pixelStride, offset: Int
        let planes: Destination, planeStride, side: Int

        @inline(__always)
        func column(_ index: Int) -> RowsLine {
            index >= inside.lowerBound && index < inside.upperBound
                ? RowsLine(rows, (index &- inside.lowerBound) &* pixelStride &+ offset) : RowsLine(outside, 0)
        }

        @inline(__always)
        func row(_ index: Int) -> StridedPlaces {
            StridedPlaces(planes + index &* side &* planeStride, planeStride)
        }
    }

    /// Columns that two neighbouring tiles share are transformed once.
    @inline(__always)
    private func spreadColumns<Transform: LineTransform>(
        _ transform: Transform.Type, _ run: Run, _ columns: Int, _ patch: Patch, _ workspace: Destination
    ) {
        let lanes = registerLaneCount, lineStride = Self.longestRow &* lanes
        for j in 0..<columns where !patch.inside.contains(j) {
            for i in 0..<Transform.outputs { store(RegisterLanes.zero, workspace + (i &* lineStride &+ j &* lanes)) }
        }
        var line = RowsLine(patch.rows, patch.offset)
        for j in patch.inside {
            var places = StridedPlaces(workspace + j &* lanes, lineStride)
            Transform.apply(line, to: &places)
            line.offset &+= patch.pixelStride
        }
        for tile in 0..<run.tiles {
            let source = workspace + tile &* step &* lanes, target = patch.planes + tile &* 16
            for i in 0..<Transform.outputs {
                var places = StridedPlaces(target + i &* Transform.outputs &* planeStride, planeStride)
                Transform.apply(StridedLine(source + i &* lineStride, lanes), to: &places)
            }
        }
    }

    /// The last, incomplete register of channels of a patch, filled up with zeros, in place of what `rows` points to.
    private func copyLanes(
        _ rows: UnsafeMutablePointer<Source>, _ side: Int, _ columns: Int, _ channel: Int, _ copy: Destination
    ) {
        let count = channels - channel
        for i in 0..<side {
            let line = copy + i * Self.longestRow * registerLaneCount
            for j in 0..<columns {
                let target = line + j * registerLaneCount
                store(RegisterLanes.zero, target)
                target.update(from: rows[i] + (j * channels + channel), count: count)
            }
            rows[i] = Source(line)
        }
    }

    /// Transforms planes back into the output tiles of `images`, leaving out what lies beyond the image's edge.
    /// `finish` is what `epilogue` says, and takes whole registers of whole tiles.
    @inline(never)
    func gather<Transform: LineTransform, Finish: RegisterFinish>(
        _ transform: Transform.Type, _ tiles: Range<Int>, _ planes: Source, _ images: Destination,
        epilogue: ConvolutionEpilogue, finish: Finish, aroundCache: Bool, workspace: Destination
    ) {
        forEachRun(tiles, longest: 1) { run, before in
            let image = images + run.image &* imageCount, place = (run.top &* width &+ run.left) &* channels
            let rows = min(Transform.outputs, height &- run.top), columns = min(Transform.outputs, width &- run.left)
            if !aroundCache { fetchNext(rows, columns, image + place) }
            let isWhole = rows == Transform.outputs && columns == Transform.outputs
            let planes = planes + before &* 16, finish = finish.at(image: run.image, count: imageCount)
            var channel = 0
            while channel < channels {
                let source = planes + (channel / 16 &* panelRows &* 16 &+ channel % 16)
                if isWhole && channel &+ registerLaneCount <= channels {
                    Transform.transform(
                        OutputTile(
                            planes: source, planeStride: planeStride, side: Transform.inputs, image: image,
                            place: place &+ channel, rowStride: width &* channels, pixelStride: channels,
                            channel: channel, finish: finish, aroundCache: aroundCache),
                        workspace)
                } else {
                    let epilogue = epilogue.at(image: run.image, count: imageCount, offset: place)
                    gatherPart(
                        transform, source, rows: rows, columns: columns, channel: channel, image + place, epilogue,
                        workspace: workspace)
                }
                channel &+= registerLaneCount
            }
        }
    }

    /// Of an incomplete tile or register.
    @inline(never)
    private func gatherPart<Transform: LineTransform>(
        _ transform: Transform.Type, _ planes: Source, rows: Int, columns: Int, channel: Int,
        _ target: Destination, _ epilogue: ConvolutionEpilogue, workspace: Destination
    ) {
        let tile = workspace + Self.linesCount, rowStride = Transform.outputs &* registerLaneCount
        Transform.transform(
            OutputTile(
                planes: planes, planeStride: planeStride, side: Transform.inputs, image: tile, place: 0,
                rowStride: rowStride, pixelStride: registerLaneCount, channel: 0, finish: Unfinished(),
                aroundCache: false),
            workspace)
        for i in 0..<rows {
            epilogue.write(
                tile + i &* rowStride, columns, channels, channel: channel,
                count: min(registerLaneCount, channels &- channel), from: i &* width &* channels, to: target)
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

    /// A register of channels of planes on its way to an image.
    private struct OutputTile<Finish: RegisterFinish>: TileEnds {
        let planes: Source, planeStride, side: Int
        let image: Destination, place, rowStride, pixelStride: Int
        let channel: Int
        let finish: Finish
        let aroundCache: Bool

        @inline(__always)
        func column(_ index: Int) -> StridedLine { StridedLine(planes + index &* planeStride, side &* planeStride) }

        @inline(__always)
        func row(_ index: Int) -> FinishedPlaces<Finish> {
            FinishedPlaces(
                finish: finish, image: image, start: place &+ index &* rowStride, stride: pixelStride,
                channel: channel, aroundCache: aroundCache)
        }
    }
}
