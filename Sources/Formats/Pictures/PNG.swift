import CZlib

extension RasterImage {
    /// The image as a PNG file (ISO/IEC 15948), without loss and the same bytes for the same pixels and zlib.
    public func png() -> [UInt8] {
        var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
        let colourType: UInt8 = channels == 3 ? 2 : 0
        let header = bigEndian(width) + bigEndian(height) + [8, colourType, 0, 0, 0]
        file += chunk("IHDR", header)
        file += chunk("IDAT", Gzip.deflate(filteredRows(), container: .zlib))
        file += chunk("IEND", [])
        return file
    }

    /// Each row with its filter type in front: 1, "Sub", the difference from the pixel to the left.
    private func filteredRows() -> [UInt8] {
        let rowBytes = width * channels
        var rows: [UInt8] = []
        rows.reserveCapacity(height * (rowBytes + 1))
        for row in 0..<height {
            rows.append(1)
            for i in 0..<rowBytes {
                let pixel = pixels[row * rowBytes + i]
                rows.append(i < channels ? pixel : pixel &- pixels[row * rowBytes + i - channels])
            }
        }
        return rows
    }

    private func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        let check = body.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        return bigEndian(data.count) + body + bigEndian(Int(check))
    }

    private func bigEndian(_ value: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(value).bigEndian) { Array($0) }
    }
}
