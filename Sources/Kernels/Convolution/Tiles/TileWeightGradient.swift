/// A weight gradient on the matrix unit: 32 images at one pixel are the depth of a product, taps of x and channels of the
/// input are its rows, channels of the output its columns.
///
/// Images are brought into lines [x, channel][image] of bfloat16 with zeros beside them, cotangents into tiles
/// [x][channel/16]; a few lines of 32 images at a time, or small images as a whole and several times 32. Sums are tiles
/// [tap of y][tap of x and channel/16][channel/16], which go back to memory after so many.
struct TileWeightGradient {
    private let g: ConvolutionGeometry
    /// Taps of x and channels of the input, and of their tiles; tiles of output channels.
    private let run, runBlocks, outputBlocks: Int
    /// Bytes of one line of images, and of cotangents.
    private let lineBytes, cotangentBytes: Int
    /// Lines of images that are kept, and lines of cotangents at a time.
    private let capacity, band: Int
    /// How many times 32 images go together.
    private let groups: Int

    /// Images of one product.
    private static let group = Tile.depth
    /// Bytes of lines of images and cotangents that are kept at a time, where more than one line needs.
    private static let linesKept = 1536 << 10

    init(_ g: ConvolutionGeometry) {
        self.g = g
        run = g.kernelWidth * g.inChannels
        runBlocks = Tile.blocks(run, of: Tile.rows)
        outputBlocks = Tile.blocks(g.outChannels, of: Tile.columns)
        let needed = max(
            (g.padding + g.width) * g.inChannels, (g.outWidth - 1) * g.stride * g.inChannels + runBlocks * Tile.rows)
        lineBytes = needed * Tile.rowBytes
        cotangentBytes = g.outWidth * outputBlocks * Tile.bytes
        // A line more of cotangents needs as many of images as the stride.
        let more = Self.linesKept - g.kernelHeight * lineBytes - cotangentBytes
        band = min(g.outHeight, 1 + max(0, more) / (g.stride * lineBytes + cotangentBytes))
        capacity = (band - 1) * g.stride + g.kernelHeight
        groups =
            band < g.outHeight
            ? 1
            : max(
                1,
                min(
                    Self.linesKept / (capacity * lineBytes + band * cotangentBytes),
                    Tile.blocks(g.images, of: Self.group)))
    }

    private var sumBytes: Int { g.kernelHeight * runBlocks * outputBlocks * Tile.bytes }
    /// Of the lines of 32 images, and of their cotangents.
    private var groupBytes: Int { capacity * lineBytes + band * cotangentBytes }

    /// Bytes of scratch.
    var scratchBytes: Int { 4 * Tile.bytes + sumBytes + groups * groupBytes }

    /// dw[Co, kh, kw, Ci] of x[N, H, W, Ci] and dy[N, H', W', Co].
    func callAsFunction<Block: TileBlock>(
        _: Block.Type, _ x: Source, _ dy: Source, _ dw: Destination, scratch: UnsafeMutableRawPointer
    ) {
        if g.images == 0 { return dw.update(repeating: 0, count: g.filterCount) }
        let sums = scratch + 4 * Tile.bytes, packed = sums + sumBytes
        sums.initializeMemory(as: UInt8.self, repeating: 0, count: sumBytes)
        let block = Block(rows: Tile.rows)
        for first in stride(from: 0, to: g.images, by: groups * Self.group) {
            let images = first..<min(first + groups * Self.group, g.images)
            // Lines of images that have been packed.
            var done = 0
            for start in stride(from: 0, to: g.outHeight, by: band) {
                let outputs = start..<min(start + band, g.outHeight)
                let needed = min((outputs.upperBound - 1) * g.stride - g.padding + g.kernelHeight, g.height)
                done = max(done, start * g.stride - g.padding)
                pack(images, x, done..<max(done, needed), dy, outputs, packed)
                done = max(done, needed)
                addLines(
                    block, outputs, groups: Tile.blocks(images.count, of: Self.group), packed, sums,
                    room: scratch.assumingMemoryBound(to: Float.self))
            }
        }
        block.end()
        write(UnsafeRawPointer(sums).assumingMemoryBound(to: Float.self), dw)
    }

    // MARK: Packing

    /// Brings lines of images and of cotangents into their places, [group][line].
    private func pack(
        _ images: Range<Int>, _ x: Source, _ inputs: Range<Int>, _ dy: Source, _ outputs: Range<Int>,
        _ packed: UnsafeMutableRawPointer
    ) {
        var lines = packed
        for first in stride(from: images.lowerBound, to: images.upperBound, by: Self.group) {
            let count = min(Self.group, images.upperBound - first), cotangents = lines + capacity * lineBytes
            for y in inputs {
                pack(x + first * g.inputImage, count, line: y, lines + (y % capacity) * lineBytes)
            }
            for y in outputs {
                packCotangents(
                    dy + first * g.outputImage, count, line: y,
                    cotangents + (y - outputs.lowerBound) * cotangentBytes)
            }
            lines += groupBytes
        }
    }

    /// Line `y` of up to 32 images, exchanged so that images are neighbours.
    private func pack(_ images: Source, _ count: Int, line y: Int, _ out: UnsafeMutableRawPointer) {
        let numbers = g.width * g.inChannels, before = g.padding * g.inChannels * Tile.rowBytes
        out.initializeMemory(as: UInt8.self, repeating: 0, count: before)
        let target = out + before, source = images + y * numbers
        withUnsafeTemporaryAllocation(of: TilePacking.Words.self, capacity: Tile.pairs) { room in
            guard let words = room.baseAddress else { return }
            for start in stride(from: 0, to: numbers, by: 16) {
                let length = min(16, numbers &- start)
                for pair in 0..<Tile.pairs {
                    words[pair] = self.pair(source + start, length, g.inputImage, pair, of: count)
                }
                TilePacking.transpose(words)
                (target + start &* Tile.rowBytes).copyMemory(from: words, byteCount: length &* Tile.rowBytes)
            }
        }
        (target + numbers * Tile.rowBytes).initializeMemory(
            as: UInt8.self, repeating: 0, count: lineBytes - before - numbers * Tile.rowBytes)
    }

    private func packCotangents(_ images: Source, _ count: Int, line y: Int, _ out: UnsafeMutableRawPointer) {
        let source = images + y * g.outWidth * g.outChannels
        for x in 0..<g.outWidth {
            for output in 0..<outputBlocks {
                let first = output * Tile.columns, tile = out + (x * outputBlocks + output) * Tile.bytes
                for pair in 0..<Tile.pairs {
                    tile.storeBytes(
                        of: self.pair(
                            source + (x * g.outChannels + first), min(Tile.columns, g.outChannels - first),
                            g.outputImage, pair, of: count),
                        toByteOffset: pair * Tile.rowBytes, as: TilePacking.Words.self)
                }
            }
        }
    }

    /// Numbers of two images side by side; zeros for those that there are not.
    @inline(__always)
    private func pair(_ x: Source, _ length: Int, _ image: Int, _ pair: Int, of images: Int) -> TilePacking.Words {
        let first = 2 &* pair
        return TilePacking.pairs(
            length, first < images ? x + first &* image : nil, first &+ 1 < images ? x + (first &+ 1) &* image : nil)
    }

    // MARK: Products

    /// Adds the products of some lines of cotangents to all sums.
    @inline(__always)
    private func addLines<Block: TileBlock>(
        _ block: Block, _ outputs: Range<Int>, groups: Int, _ packed: UnsafeMutableRawPointer,
        _ sums: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let pixelBytes = g.stride * g.inChannels * Tile.rowBytes, columnBytes = outputBlocks * Tile.bytes
        for ky in 0..<g.kernelHeight {
            for row in stride(from: 0, to: runBlocks, by: 2) {
                for column in stride(from: 0, to: outputBlocks, by: 2) {
                    let shape = TileBlockShape(rows: min(2, runBlocks - row), columns: min(2, outputBlocks - column))
                    forEachTile(shape, ky, row, column, sums) { tile, place in
                        (room + place * Tile.sums).update(from: tile, count: Tile.sums)
                    }
                    block.read(shape, room)
                    for group in 0..<groups {
                        let lines = packed + group * groupBytes, cotangents = lines + capacity * lineBytes
                        for output in outputs {
                            let line = output * g.stride - g.padding + ky
                            guard line >= 0 && line < g.height else { continue }
                            addProducts(
                                block, shape, lines + ((line % capacity) * lineBytes + row * Tile.bytes),
                                step: pixelBytes,
                                cotangents + ((output - outputs.lowerBound) * cotangentBytes + column * Tile.bytes),
                                step: columnBytes)
                        }
                    }
                    block.write(shape, room)
                    forEachTile(shape, ky, row, column, sums) { tile, place in
                        tile.update(from: room + place * Tile.sums, count: Tile.sums)
                    }
                }
            }
        }
    }

    /// The sums of a shape's tiles, in the order in which a block writes them.
    @inline(__always)
    private func forEachTile(
        _ shape: TileBlockShape, _ ky: Int, _ row: Int, _ column: Int, _ sums: UnsafeMutableRawPointer,
        _ body: (_ tile: UnsafeMutablePointer<Float>, _ place: Int) -> Void
    ) {
        for i in 0..<shape.rows {
            for j in 0..<shape.columns {
                let tile = ((ky * runBlocks + row + i) * outputBlocks + column + j) * Tile.bytes
                body((sums + tile).assumingMemoryBound(to: Float.self), i * shape.columns + j)
            }
        }
    }

    /// The products of one line, pixel by pixel.
    @inline(__always)
    private func addProducts<Block: TileBlock>(
        _ block: Block, _ shape: TileBlockShape, _ left: UnsafeMutableRawPointer, step: Int,
        _ right: UnsafeMutableRawPointer, step other: Int
    ) {
        // A loop for each shape, with nothing to decide in it.
        switch shape {
        case .oneByOne: for x in 0..<g.outWidth { add(block, .oneByOne, left + x &* step, right + x &* other) }
        case .oneByTwo: for x in 0..<g.outWidth { add(block, .oneByTwo, left + x &* step, right + x &* other) }
        case .twoByOne: for x in 0..<g.outWidth { add(block, .twoByOne, left + x &* step, right + x &* other) }
        case .twoByTwo: for x in 0..<g.outWidth { add(block, .twoByTwo, left + x &* step, right + x &* other) }
        }
    }

    @inline(__always)
    private func add<Block: TileBlock>(
        _ block: Block, _ shape: TileBlockShape, _ left: UnsafeMutableRawPointer, _ right: UnsafeMutableRawPointer
    ) {
        block.addProducts(
            shape, left: left, left + Tile.bytes, stride: Tile.rowBytes, right: right, right + Tile.bytes)
    }

    /// Sums, of which rows are taps of x and input channels, as filters, of which they are the columns.
    private func write(_ sums: UnsafePointer<Float>, _ dw: Destination) {
        for output in 0..<g.outChannels {
            let (block, column) = output.quotientAndRemainder(dividingBy: Tile.columns)
            for ky in 0..<g.kernelHeight {
                let target = dw + (output * g.kernelHeight + ky) * run
                for i in 0..<run {
                    let (row, place) = i.quotientAndRemainder(dividingBy: Tile.rows)
                    let tile = (ky * runBlocks + row) * outputBlocks + block
                    target[i] = Scalar(sums[tile * Tile.sums + place * Tile.columns + column])
                }
            }
        }
    }
}
