/// A forward pass or an input gradient on the matrix unit. The sixteen rows of a tile are sixteen images at one pixel, so that
/// tiles fill whatever the size of images, and bits of one image are its own. Two tiles are two pixels, or of images that are
/// one pixel wide two times sixteen images.
///
/// Images are brought into lines [y][image][x, channel] of bfloat16 with zeros beside them, of which a few at a time are
/// kept.
struct TilePass {
    private let filters: TileFilters
    private let rows, columns: TileAxis
    /// Channels of the images that are read, and that are written.
    private let inChannels, outChannels: Int
    /// Numbers of bfloat16 from one image's line to the next: what is read of a line, filled up to an odd number of cache
    /// lines, so that the rows of a tile lie in different parts of the cache.
    private let lineCount: Int
    /// Of one line of sixteen images.
    private let lineBytes: Int
    /// Lines that are kept, and output lines of each sweep that these are enough for.
    private let capacity, band: Int

    /// Bytes of lines that are kept at a time, where more than one output line needs.
    private static let linesKept = 512 << 10

    init(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) {
        filters = TileFilters(g, operation)
        (rows, columns) = (filters.rows, filters.columns)
        (inChannels, outChannels) = (filters.inChannels, filters.outChannels)
        let channels = inChannels, axis = columns, layout = filters
        let ends = axis.sweeps.map { x in
            ((x.count - 1) * axis.inputStep + x.input + axis.before) * channels
                + layout.depthBlocks(x) * Tile.depth
        }
        let needed = max(ends.max() ?? 0, (axis.before + axis.inputs) * channels)
        lineCount = (Tile.blocks(needed, of: Tile.depth) | 1) * Tile.depth
        lineBytes = lineCount * 2 * Tile.rows
        let span = max(1, rows.span)
        capacity = max(span, min(Self.linesKept / lineBytes, rows.inputs + span))
        band = (capacity - span) / rows.inputStep + 1
    }

    // MARK: Lines

    /// How many times sixteen images go together.
    private var mostParts: Int { columns.count == 1 ? 2 : 1 }

    /// Bytes of scratch.
    var scratchBytes: Int { 4 * Tile.bytes + mostParts * capacity * lineBytes }

    /// Brings line `y` of up to sixteen images into its place.
    private func pack(_ images: Source, _ count: Int, line y: Int, _ lines: UnsafeMutableRawPointer) {
        let numbers = columns.inputs * inChannels, zeros = columns.before * inChannels
        var target = lines + (y % capacity) * lineBytes
        for image in 0..<count {
            target.initializeMemory(as: UInt8.self, repeating: 0, count: 2 * zeros)
            TilePacking.row(numbers, images + (image * rows.inputs + y) * numbers, target + 2 * zeros)
            (target + 2 * (zeros + numbers)).initializeMemory(
                as: UInt8.self, repeating: 0, count: 2 * (lineCount - zeros - numbers))
            target += 2 * lineCount
        }
    }

    // MARK: Products

    /// out[images, H', W', C'] of images [images, H, W, C].
    func callAsFunction<Block: TileBlock>(
        _: Block.Type, images: Int, _ x: Source, _ filters: UnsafeRawPointer, _ out: Destination,
        _ epilogue: ConvolutionEpilogue, scratch: UnsafeMutableRawPointer
    ) {
        var first = 0
        while first < images {
            let parts = images - first >= mostParts * Tile.rows ? mostParts : 1
            let part = first..<min(first + parts * Tile.rows, images)
            let block = Block(rows: part.count / parts)
            compute(block, part, parts: parts, x, filters, out, epilogue, scratch)
            block.end()
            first = part.upperBound
        }
    }

    /// Images that go together, as so many tiles.
    @inline(__always)
    private func compute<Block: TileBlock>(
        _ block: Block, _ images: Range<Int>, parts: Int, _ x: Source, _ filters: UnsafeRawPointer, _ out: Destination,
        _ epilogue: ConvolutionEpilogue, _ scratch: UnsafeMutableRawPointer
    ) {
        let sums = scratch.assumingMemoryBound(to: Float.self), lines = scratch + 4 * Tile.bytes
        let count = images.count / parts, inputImage = rows.inputs * columns.inputs * inChannels
        let outputLine = columns.outputs * outChannels, outputImage = rows.outputs * outputLine
        var packed = 0
        for start in stride(from: 0, to: rows.count, by: band) {
            let end = min(start + band, rows.count)
            let needed = rows.sweeps.map { (min(end, $0.count) - 1) * rows.inputStep + $0.end }.max() ?? 0
            packed = max(packed, start * rows.inputStep - rows.before)
            while packed < min(needed, rows.inputs) {
                for part in 0..<parts where rows.reads(packed) {
                    pack(
                        x + (images.lowerBound + part * count) * inputImage, count, line: packed,
                        lines + part * capacity * lineBytes)
                }
                packed += 1
            }
            self.filters.forEachSweep { y, x, place in
                let target = out + images.lowerBound * outputImage
                sweep(
                    block, y, start..<min(end, y.count), x, filters + place, UnsafeRawPointer(lines), parts: parts, sums
                ) { row, column, tiles, channels in
                    write(
                        sums, count, tiles, channels,
                        to: target
                            + ((y.output + row * rows.outputStep) * outputLine
                                + (x.output + column * columns.outputStep) * outChannels),
                        next: parts > 1 ? count * outputImage : columns.outputStep * outChannels)
                }
            }
            guard !epilogue.isEmpty else { continue }
            let written = start * rows.outputStep..<min(end * rows.outputStep, rows.outputs)
            for image in images {
                epilogue.at(image: image, count: outputImage, offset: 0).finish(
                    written.count * columns.outputs, outChannels, from: written.lowerBound * outputLine,
                    of: out + image * outputImage)
            }
        }
    }

    /// The sums of some output lines of a sweep, two tiles by two blocks of outputs at a time, each told to `done`.
    @inline(__always)
    private func sweep<Block: TileBlock>(
        _ block: Block, _ y: TileSweep, _ lines: Range<Int>, _ x: TileSweep, _ filters: UnsafeRawPointer,
        _ packed: UnsafeRawPointer, parts: Int, _ sums: UnsafeMutablePointer<Float>,
        done: (_ row: Int, _ column: Int, TileBlockShape, _ channels: Int) -> Void
    ) {
        let bytes = self.filters.bytes(y, x), depth = self.filters.depthBlocks(x), stride = 2 * lineCount
        let step = columns.inputStep * inChannels * 2, left = 2 * (x.input + columns.before) * inChannels
        let next = parts > 1 ? capacity * lineBytes : step
        for output in Swift.stride(from: 0, to: self.filters.outputBlocks, by: 2) {
            let tiles = filters + output * bytes, blocks = min(2, self.filters.outputBlocks - output)
            for row in lines {
                for column in Swift.stride(from: 0, to: x.count, by: parts > 1 ? 1 : 2) {
                    let shape = TileBlockShape(rows: parts > 1 ? parts : min(2, x.count - column), columns: blocks)
                    block.clear()
                    for tap in y.taps.indices {
                        let line = row * rows.inputStep + y.input + tap
                        guard line >= 0 && line < rows.inputs else { continue }
                        let factors = packed + ((line % capacity) * lineBytes + left + column * step)
                        let other = tiles + tap * depth * Tile.bytes
                        block.addProducts(
                            shape,
                            LeftFactors(first: factors, second: factors + next, stride: stride, step: Tile.rowBytes),
                            RightFactors(first: other, second: other + bytes, step: Tile.bytes), count: depth)
                    }
                    block.write(shape, sums)
                    done(row, column, shape, output * Tile.columns)
                }
            }
        }
    }

    /// Brings the tiles of a block to the first pixel and channel that they belong to, image by image; the second row of
    /// tiles `next` numbers further.
    @inline(__always)
    private func write(
        _ sums: UnsafePointer<Float>, _ images: Int, _ shape: TileBlockShape, _ channel: Int, to target: Destination,
        next: Int
    ) {
        let outputImage = rows.outputs * columns.outputs * outChannels
        for row in 0..<shape.rows {
            for column in 0..<shape.columns {
                let tile = sums + (row * shape.columns + column) * Tile.sums, first = channel + column * Tile.columns
                let channels = min(Tile.columns, outChannels - first), target = target + (row * next + first)
                for image in 0..<images {
                    TilePacking.write(channels, tile + image &* Tile.columns, to: target + image &* outputImage)
                }
            }
        }
    }
}
