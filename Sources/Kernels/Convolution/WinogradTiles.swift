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

    /// What one tile's transform works in: the line between the two passes, a patch or tile copied lane by lane, and a
    /// row of zeros that stands for rows outside the image.
    static func workspaceCount(channels: Int) -> Int { 2 * squareCount + longestLine * Panel.padded(channels) }
    private static var squareCount: Int { longestLine * longestLine * 8 }
    private static var longestLine: Int { 9 }

    static func clear(_ workspace: Destination, channels: Int) {
        workspace.update(repeating: 0, count: workspaceCount(channels: channels))
    }

    private struct Place {
        let image, top, left: Int
    }

    @inline(__always) private func place(_ tile: Int) -> Place {
        let perImage = tilesDown &* tilesAcross
        let image = tile / perImage, inImage = tile % perImage
        return Place(
            image: image, top: inImage / tilesAcross &* step, left: inImage % tilesAcross &* step)
    }

    /// Transforms the tiles of `images` into planes. A tile's line starts `margin` pixels before the output tile;
    /// pixels outside the image count as zero.
    @inline(never)
    func spread<Transform: LineTransform>(
        _ transform: Transform.Type, _ tiles: Range<Int>, margin: Int, _ images: Source, _ planes: Destination,
        _ workspace: Destination
    ) {
        withUnsafeTemporaryAllocation(of: Source.self, capacity: Self.longestLine) { rows in
            guard let rows = rows.baseAddress else { return }
            for tile in tiles {
                spreadTile(
                    transform, place(tile), margin, images, planes + (tile &- tiles.lowerBound) &* 16, rows, workspace)
            }
        }
    }

    @inline(__always)
    private func spreadTile<Transform: LineTransform>(
        _ transform: Transform.Type, _ place: Place, _ margin: Int, _ images: Source, _ planes: Destination,
        _ rows: UnsafeMutablePointer<Source>, _ workspace: Destination
    ) {
        let side = Transform.inputs
        let copy = workspace + Self.squareCount, zeros = copy + Self.squareCount
        let top = place.top &- margin, left = place.left &- margin
        let first = max(0, 0 &- left), last = min(side, width &- left)
        for i in 0..<side {
            let y = top &+ i
            let inside = y >= 0 && y < height
            rows[i] = inside
                ? images + ((place.image &* height &+ y) &* width &+ (left &+ first)) &* channels : Source(zeros)
        }
        for j in 0..<side where j < first || j >= last {
            for i in 0..<Transform.outputs { store(.zero, workspace + (i &* side &+ j) &* 8) }
        }
        let panelStride = panelRows &* 16
        let whole = channels & ~7
        var channel = 0
        while channel < whole {
            for j in first..<last {
                Transform.apply(
                    RowsLine(rows, (j &- first) &* channels &+ channel), workspace + j &* 8, side &* 8)
            }
            secondPass(transform, planes + (channel / 16 &* panelStride &+ channel % 16), workspace)
            channel &+= 8
        }
        if channel < channels {
            copyLanes(rows, side, last &- first, channel, copy)
            for j in first..<last {
                Transform.apply(StridedLine(copy + (j &- first) &* 8, side &* 8), workspace + j &* 8, side &* 8)
            }
            secondPass(transform, planes + (channel / 16 &* panelStride &+ channel % 16), workspace)
            channel &+= 8
        }
        if channel % 16 != 0 {
            let padding = planes + (channel / 16 &* panelStride &+ 8)
            for plane in 0..<(Transform.outputs &* Transform.outputs) { store(.zero, padding + plane &* planeStride) }
        }
    }

    @inline(__always)
    private func secondPass<Transform: LineTransform>(
        _ transform: Transform.Type, _ planes: Destination, _ workspace: Destination
    ) {
        let side = Transform.inputs
        for i in 0..<Transform.outputs {
            Transform.apply(
                StridedLine(workspace + i &* side &* 8, 8), planes + i &* Transform.outputs &* planeStride, planeStride)
        }
    }

    /// The last, incomplete group of eight channels of a patch, filled up with zeros.
    private func copyLanes(
        _ rows: UnsafeMutablePointer<Source>, _ side: Int, _ columns: Int, _ channel: Int, _ copy: Destination
    ) {
        let lanes = channels - channel
        for i in 0..<side {
            for j in 0..<columns {
                let target = copy + (i * side + j) * 8
                store(.zero, target)
                target.update(from: rows[i] + (j * channels + channel), count: lanes)
            }
        }
    }

    /// Transforms planes back into the output tiles of `images`, leaving out what lies beyond the image's edge.
    @inline(never)
    func gather<Transform: LineTransform>(
        _ transform: Transform.Type, _ tiles: Range<Int>, _ planes: Source, _ images: Destination,
        _ workspace: Destination
    ) {
        let side = Transform.inputs, panelStride = panelRows &* 16
        let copy = workspace + Self.squareCount
        for tile in tiles {
            let place = place(tile)
            let rows = min(Transform.outputs, height &- place.top)
            let columns = min(Transform.outputs, width &- place.left)
            let target = images + ((place.image &* height &+ place.top) &* width &+ place.left) &* channels
            let origin = planes + (tile &- tiles.lowerBound) &* 16
            var channel = 0
            while channel < channels {
                let source = origin + (channel / 16 &* panelStride &+ channel % 16)
                for j in 0..<side {
                    Transform.apply(
                        StridedLine(source + j &* planeStride, side &* planeStride), workspace + j &* 8, side &* 8)
                }
                let lanes = min(8, channels &- channel)
                for i in 0..<rows {
                    let line = StridedLine(workspace + i &* side &* 8, 8)
                    let row = target + (i &* width &* channels &+ channel)
                    if columns == Transform.outputs && lanes == 8 {
                        Transform.apply(line, row, channels)
                    } else {
                        Transform.apply(line, copy, 8)
                        for j in 0..<columns { (row + j &* channels).update(from: copy + j &* 8, count: lanes) }
                    }
                }
                channel &+= 8
            }
        }
    }
}
