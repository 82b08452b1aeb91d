/// Maximum over windows without padding, channels last. `winners` gets, for every output number, the offset of the
/// (first) largest input number in its image; the derivative moves numbers along these offsets.
public func maximumPool(
    images: Int, height: Int, width: Int, channels: Int, window: Int, stride: Int,
    _ x: Source, _ y: Destination, winners: UnsafeMutablePointer<Int32>
) {
    let outHeight = (height - window) / stride + 1, outWidth = (width - window) / stride + 1
    var out = 0
    for n in 0..<images {
        let image = x + n * height * width * channels
        for oy in 0..<outHeight {
            for ox in 0..<outWidth {
                for c in 0..<channels {
                    var best = (oy * stride * width + ox * stride) * channels + c
                    for ky in 0..<window {
                        for kx in 0..<window {
                            let offset = ((oy * stride + ky) * width + ox * stride + kx) * channels + c
                            if image[offset] > image[best] { best = offset }
                        }
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
