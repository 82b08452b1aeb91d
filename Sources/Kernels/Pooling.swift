/// The largest number of every window of images [images, H, W, channels]; padding takes no part, so every window needs a
/// pixel of the image. `winners` gets, for every output number, the offset of the (first) largest input number in its
/// image; the derivative moves numbers along these offsets.
public func maximumPool(
    _ grid: WindowGrid, images: Int, channels: Int, _ x: Source, _ y: Destination,
    winners: UnsafeMutablePointer<Int32>
) {
    let (rows, columns) = (grid.rows, grid.columns)
    var out = 0
    for n in 0..<images {
        let image = x + n * rows.extent * columns.extent * channels
        for oy in 0..<rows.windows {
            let ys = rows.taps(of: oy)
            for ox in 0..<columns.windows {
                let xs = columns.taps(of: ox)
                for c in 0..<channels {
                    func offset(_ ky: Int, _ kx: Int) -> Int {
                        (rows.pixel(oy, ky) * columns.extent + columns.pixel(ox, kx)) * channels + c
                    }
                    var best = offset(ys.lowerBound, xs.lowerBound)
                    for ky in ys {
                        for kx in xs where image[offset(ky, kx)] > image[best] { best = offset(ky, kx) }
                    }
                    y[out] = image[best]
                    winners[out] = Int32(best)
                    out += 1
                }
            }
        }
    }
}

/// out[r, i] = x[r, offsets[r mod period, i]]: rows of `from` numbers become rows of `to` numbers.
public func gather(
    rows: Int, period: Int, from: Int, to: Int, _ x: Source, offsets: UnsafePointer<Int32>, _ out: Destination
) {
    for r in 0..<rows {
        let offsets = offsets + r % period * to
        for i in 0..<to { out[r * to + i] = x[r * from + Int(offsets[i])] }
    }
}

/// The transpose of `gather`: out[r, offsets[r mod period, i]] += x[r, i].
public func scatterAdd(
    rows: Int, period: Int, from: Int, to: Int, _ x: Source, offsets: UnsafePointer<Int32>, _ out: Destination
) {
    out.update(repeating: 0, count: rows * to)
    for r in 0..<rows {
        let offsets = offsets + r % period * from
        for i in 0..<from { out[r * to + Int(offsets[i])] += x[r * from + i] }
    }
}
