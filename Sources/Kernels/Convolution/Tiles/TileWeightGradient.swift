/// A weight gradient in tiles: 32 images at one pixel are the depth of a product, or fewer at several neighbouring pixels of the
/// output; taps of x and channels of the input are its rows, channels of the output its columns.
///
/// Images are brought into lines [x, channel][pixel, image] of bfloat16 with zeros beside them, where the images of the second
/// pixel are those of the first one's line, a step of the output further; cotangents into tiles [x][channel/16]. A few lines of
/// as many images as a product takes are kept at a time, or small images as a whole and several times as many. Sums are tiles
/// [tap of y][tap of x and channel/16][channel/16], which go back to memory after so many.
struct TileWeightGradient {
    private let g: ConvolutionGeometry
    /// Pixels of the output, and images, that are the depth of a product.
    private let pixels, group: Int
    /// Products of a line.
    private let products: Int
    /// Taps of x and channels of the input, and of their tiles; tiles of output channels.
    private let run, runBlocks, outputBlocks: Int
    /// Bytes of one line of images, and of cotangents.
    private let lineBytes, cotangentBytes: Int
    /// Lines of images that are kept, and lines of cotangents at a time.
    private let capacity, band: Int
    /// How many times the images of a product go together.
    private let groups: Int

    /// Bytes of lines of images and cotangents that are kept at a time, where more than one line needs.
    private static let linesKept = 1536 << 10

    init(_ g: ConvolutionGeometry) {
        self.g = g
        var pixels = 1
        while 2 * pixels <= min(g.outWidth, Tile.pairs) && g.images * 2 * pixels <= Tile.depth { pixels *= 2 }
        self.pixels = pixels
        group = Tile.depth / pixels
        products = Tile.blocks(g.outWidth, of: pixels)
        run = g.kernelWidth * g.inChannels
        runBlocks = Tile.blocks(run, of: Tile.rows)
        outputBlocks = Tile.blocks(g.outChannels, of: Tile.columns)
        let needed = max(
            (g.padding + g.width) * g.inChannels,
            (products - 1) * pixels * g.stride * g.inChannels + runBlocks * Tile.rows)
        // Whole blocks of rows are packed.
        lineBytes = Tile.blocks(needed, of: Tile.rows) * Tile.bytes
        cotangentBytes = products * outputBlocks * Tile.bytes
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
                    Tile.blocks(g.images, of: group)))
    }

    private var sumBytes: Int { g.kernelHeight * runBlocks * outputBlocks * Tile.bytes }
    /// Of the lines of a product's images, and of their cotangents.
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
        for first in stride(from: 0, to: g.images, by: groups * group) {
            let images = first..<min(first + groups * group, g.images)
            // Lines of images that have been packed.
            var done = 0
            for start in stride(from: 0, to: g.outHeight, by: band) {
                let outputs = start..<min(start + band, g.outHeight)
                let needed = min((outputs.upperBound - 1) * g.stride - g.padding + g.kernelHeight, g.height)
                done = max(done, start * g.stride - g.padding)
                pack(images, x, done..<max(done, needed), dy, outputs, packed)
                done = max(done, needed)
                addLines(
                    block, outputs, groups: Tile.blocks(images.count, of: group), packed, sums,
                    room: scratch.assumingMemoryBound(to: Float.self))
            }
        }
        block.end()
        write(UnsafeRawPointer(sums), dw)
    }

    // MARK: Packing

    /// Brings lines of images and of cotangents into their places, [group][line].
    private func pack(
        _ images: Range<Int>, _ x: Source, _ inputs: Range<Int>, _ dy: Source, _ outputs: Range<Int>,
        _ packed: UnsafeMutableRawPointer
    ) {
        var lines = packed
        for first in stride(from: images.lowerBound, to: images.upperBound, by: group) {
            let count = min(group, images.upperBound - first), cotangents = lines + capacity * lineBytes
            for y in inputs where isRead(y) {
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

    /// Line `y` of images, exchanged so that images are neighbours.
    private func pack(_ images: Source, _ count: Int, line y: Int, _ out: UnsafeMutableRawPointer) {
        let source = images + y * g.width * g.inChannels, before = g.padding * g.inChannels
        withUnsafeTemporaryAllocation(of: TilePacking.Words.self, capacity: Tile.pairs) { room in
            guard let words = room.baseAddress else { return }
            for row in stride(from: 0, to: lineBytes / Tile.rowBytes, by: Tile.rows) {
                // Blocks of rows that belong to one pixel each can be left out like lines.
                if g.inChannels % Tile.rows == 0 && !isRead(row / g.inChannels - g.padding) { continue }
                forEachPair { pair, pixel, image in
                    let place = row &- before &+ pixel &* g.stride &* g.inChannels
                    words[pair] = self.pair(source, place, g.width &* g.inChannels, g.inputImage, image, of: count)
                }
                TilePacking.transpose(words)
                (out + row &* Tile.rowBytes).copyMemory(from: words, byteCount: Tile.bytes)
            }
        }
    }

    /// Whether a pixel of the output sees this line, or column, of the input: not all do where the stride is larger than the
    /// filter.
    private func isRead(_ pixel: Int) -> Bool {
        (pixel + g.padding) % g.stride < max(g.kernelWidth, g.kernelHeight)
    }

    private func packCotangents(_ images: Source, _ count: Int, line y: Int, _ out: UnsafeMutableRawPointer) {
        let source = images + y * g.outWidth * g.outChannels
        for product in 0..<products {
            for output in 0..<outputBlocks {
                let first = output * Tile.columns, tile = out + (product * outputBlocks + output) * Tile.bytes
                forEachPair { pair, pixel, image in
                    let x = product &* pixels &+ pixel
                    let words =
                        x < g.outWidth
                        ? self.pair(
                            source + x &* g.outChannels, first, g.outChannels, g.outputImage, image, of: count) : .zero
                    tile.storeBytes(of: words, toByteOffset: pair &* Tile.rowBytes, as: TilePacking.Words.self)
                }
            }
        }
    }

    /// The pairs of a product's depth: each with its pixel and the first of its two images.
    @inline(__always)
    private func forEachPair(_ body: (_ pair: Int, _ pixel: Int, _ image: Int) -> Void) {
        var pair = 0
        for pixel in 0..<pixels {
            for image in stride(from: 0, to: group, by: 2) {
                body(pair, pixel, image)
                pair &+= 1
            }
        }
    }

    /// Sixteen numbers of two images side by side, from `place` of `length` on; zeros for those that there are not.
    @inline(__always)
    private func pair(
        _ x: Source, _ place: Int, _ length: Int, _ size: Int, _ image: Int, of images: Int
    ) -> TilePacking.Words {
        func numbers(_ image: Int) -> Source? { image < images ? x + image &* size : nil }
        return TilePacking.pairs(numbers(image), numbers(image &+ 1), from: place, of: length)
    }

    // MARK: Products

    /// Adds the products of some lines of cotangents to all sums.
    @inline(__always)
    private func addLines<Block: TileBlock>(
        _ block: Block, _ outputs: Range<Int>, groups: Int, _ packed: UnsafeMutableRawPointer,
        _ sums: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let pixelBytes = pixels * g.stride * g.inChannels * Tile.rowBytes, columnBytes = outputBlocks * Tile.bytes
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
                            let left = lines + ((line % capacity) * lineBytes + row * Tile.bytes)
                            let right =
                                cotangents + ((output - outputs.lowerBound) * cotangentBytes + column * Tile.bytes)
                            block.addProducts(
                                shape,
                                LeftFactors(
                                    first: left, second: left + Tile.bytes, stride: Tile.rowBytes, step: pixelBytes),
                                RightFactors(first: right, second: right + Tile.bytes, step: columnBytes),
                                count: products)
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

    /// Sums, of which rows are taps of x and input channels, as filters, of which they are the columns: tile by tile with
    /// rows and columns exchanged.
    private func write(_ sums: UnsafeRawPointer, _ dw: Destination) {
        // Scratch may lie anywhere, and words are whole registers.
        withUnsafeTemporaryAllocation(of: TilePacking.Words.self, capacity: Tile.rows) { room in
            guard let words = room.baseAddress else { return }
            let rows = UnsafeRawPointer(words).assumingMemoryBound(to: Float.self)
            for ky in 0..<g.kernelHeight {
                for row in 0..<runBlocks {
                    let first = row * Tile.rows, count = min(Tile.rows, run - first)
                    for block in 0..<outputBlocks {
                        let tile = sums + ((ky * runBlocks + row) * outputBlocks + block) * Tile.bytes
                        UnsafeMutableRawPointer(words).copyMemory(from: tile, byteCount: Tile.bytes)
                        TilePacking.transpose(words)
                        for column in 0..<min(Tile.columns, g.outChannels - block * Tile.columns) {
                            let output = block * Tile.columns + column
                            TilePacking.write(
                                count, rows + column * Tile.columns,
                                to: dw + ((output * g.kernelHeight + ky) * run + first))
                        }
                    }
                }
            }
        }
    }
}
