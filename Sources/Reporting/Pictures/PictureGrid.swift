import Formats

/// A table of small images with labels above the columns, beside the rows and under the tiles.
public struct PictureGrid: Sendable {
    private let columnLabels: [String]
    private let rowLabels: [String]
    private let tiles: [[RasterImage?]]
    private let captions: [[String?]]

    /// `tiles` in rows of equal length; nil leaves a place empty. Labels are one a column or row, or none at all;
    /// `captions` are as many as the tiles, or none at all. Text is ASCII; other characters become boxes.
    public init(
        columnLabels: [String] = [], rowLabels: [String] = [], tiles: [[RasterImage?]], captions: [[String?]] = []
    ) {
        let columns = tiles.first?.count ?? 0
        precondition(columns > 0 && tiles.allSatisfy { $0.count == columns }, "PictureGrid: rows of unequal length")
        precondition(
            columnLabels.isEmpty || columnLabels.count == columns,
            "PictureGrid: \(columnLabels.count) labels for \(columns) columns")
        precondition(
            rowLabels.isEmpty || rowLabels.count == tiles.count,
            "PictureGrid: \(rowLabels.count) labels for \(tiles.count) rows")
        precondition(
            captions.isEmpty || captions.count == tiles.count && captions.allSatisfy { $0.count == columns },
            "PictureGrid: captions for another number of tiles")
        self.columnLabels = columnLabels
        self.rowLabels = rowLabels
        self.tiles = tiles
        self.captions = captions
    }

    /// The table in RGB on white; every pixel of a tile becomes a square of `scale` x `scale` pixels.
    public func render(scale: Int) -> RasterImage {
        precondition(scale > 0, "PictureGrid.render: scale \(scale)")
        let largest = scale * (tiles.joined().compactMap { $0.map { max($0.width, $0.height) } }.max() ?? 8)
        let letters = largest >= 80 ? 2 : 1
        let lineHeight = (BitmapFont.height + 3) * letters
        let gap = max(5, largest / 10)

        let widths = tiles[0].indices.map { column in
            let images = tiles.map { ($0[column]?.width ?? 0) * scale }
            let texts = [columnLabels.isEmpty ? "" : columnLabels[column]] + captions.map { $0[column] ?? "" }
            return max(images.max() ?? 0, texts.map { Canvas.width(of: $0, scale: letters) }.max() ?? 0, scale)
        }
        let heights = tiles.map { row in max(scale, row.map { ($0?.height ?? 0) * scale }.max() ?? 0) }
        let labelWidth = rowLabels.map { Canvas.width(of: $0, scale: letters) }.max() ?? 0
        let firstColumn = gap + (labelWidth > 0 ? labelWidth + gap : 0)
        let firstRow = gap + (columnLabels.isEmpty ? 0 : lineHeight)
        let captionHeight = captions.isEmpty ? 0 : lineHeight + letters

        var canvas = Canvas(
            width: firstColumn + widths.reduce(0) { $0 + $1 + gap },
            height: firstRow + heights.reduce(0) { $0 + $1 + captionHeight + gap })
        var left = firstColumn
        for (column, width) in widths.enumerated() {
            if !columnLabels.isEmpty {
                canvas.write(columnLabels[column], centre: left + width / 2, top: gap, scale: letters, Self.ink)
            }
            var top = firstRow
            for (row, height) in heights.enumerated() {
                if let tile = tiles[row][column] {
                    let tileLeft = left + (width - tile.width * scale) / 2
                    canvas.draw(tile, left: tileLeft, top: top, scale: scale)
                    canvas.frame(
                        left: tileLeft, top: top, width: tile.width * scale, height: tile.height * scale, Self.edge)
                }
                if !captions.isEmpty, let caption = captions[row][column] {
                    canvas.write(
                        caption, centre: left + width / 2, top: top + height + 2 * letters, scale: letters, Self.faint)
                }
                top += height + captionHeight + gap
            }
            left += width + gap
        }
        var top = firstRow
        for (row, height) in heights.enumerated() {
            if !rowLabels.isEmpty {
                let middle = top + (height - BitmapFont.height * letters) / 2
                let width = Canvas.width(of: rowLabels[row], scale: letters)
                canvas.write(rowLabels[row], left: gap + labelWidth - width, top: middle, scale: letters, Self.ink)
            }
            top += height + captionHeight + gap
        }
        return canvas.image
    }

    private static let ink: [UInt8] = [0x26, 0x29, 0x2e]
    /// A tile may be white at its edges.
    private static let edge: [UInt8] = [0xd8, 0xda, 0xdd]
    private static let faint: [UInt8] = [0x64, 0x6a, 0x73]
}
