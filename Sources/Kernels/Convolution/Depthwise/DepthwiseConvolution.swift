/// y[n, oy, ox, c] = the sum over a window of x[n, iy, ix, c] w[ky, kx, c]: every channel by itself.
public func depthwiseConvolution(
    _ grid: WindowGrid, images: Int, channels: Int, _ x: Source, _ w: Source, _ y: Destination
) {
    let (rows, columns) = (grid.rows, grid.columns)
    for image in 0..<images {
        let x = x + image &* rows.extent &* columns.extent &* channels
        for oy in 0..<rows.windows {
            let ys = rows.taps(of: oy)
            for ox in 0..<columns.windows {
                let xs = columns.taps(of: ox)
                let out = y + ((image &* rows.windows &+ oy) &* columns.windows &+ ox) &* channels
                forEachBlock(of: channels) { c, block in
                    block.sum(into: out + c) { add in
                        for ky in ys {
                            let line = rows.pixel(oy, ky) &* columns.extent
                            for kx in xs {
                                add(
                                    x + (line &+ columns.pixel(ox, kx)) &* channels + c,
                                    w + (ky &* columns.window &+ kx) &* channels + c)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// dx[n, iy, ix, c]: the sum of dy w over all windows that a pixel lies in.
public func depthwiseInputGradient(
    _ grid: WindowGrid, images: Int, channels: Int, _ dy: Source, _ w: Source, _ dx: Destination
) {
    let (rows, columns) = (grid.rows, grid.columns)
    for image in 0..<images {
        let dy = dy + image &* rows.windows &* columns.windows &* channels
        for iy in 0..<rows.extent {
            for ix in 0..<columns.extent {
                let out = dx + ((image &* rows.extent &+ iy) &* columns.extent &+ ix) &* channels
                forEachBlock(of: channels) { c, block in
                    block.sum(into: out + c) { add in
                        for ky in 0..<rows.window {
                            guard let oy = rows.window(with: iy, at: ky) else { continue }
                            for kx in 0..<columns.window {
                                guard let ox = columns.window(with: ix, at: kx) else { continue }
                                add(
                                    dy + (oy &* columns.windows &+ ox) &* channels + c,
                                    w + (ky &* columns.window &+ kx) &* channels + c)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// dw[ky, kx, c]: the sum of x dy over all images and windows.
public func depthwiseWeightGradient(
    _ grid: WindowGrid, images: Int, channels: Int, _ dy: Source, _ x: Source, _ dw: Destination
) {
    let (rows, columns) = (grid.rows, grid.columns)
    for ky in 0..<rows.window {
        for kx in 0..<columns.window {
            forEachBlock(of: channels) { c, block in
                block.sum(into: dw + (ky &* columns.window &+ kx) &* channels + c) { add in
                    for image in 0..<images {
                        for oy in 0..<rows.windows {
                            let iy = rows.pixel(oy, ky)
                            guard iy >= 0, iy < rows.extent else { continue }
                            let line = (image &* rows.extent &+ iy) &* columns.extent
                            let out = (image &* rows.windows &+ oy) &* columns.windows
                            for ox in 0..<columns.windows {
                                let ix = columns.pixel(ox, kx)
                                guard ix >= 0, ix < columns.extent else { continue }
                                add(dy + (out &+ ox) &* channels + c, x + (line &+ ix) &* channels + c)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Channels that are summed together.
private enum ChannelBlock {
    case four, one, single

    /// out = the sum of the products that `body` adds, number by number.
    @inline(__always)
    func sum(into out: Destination, _ body: (_ add: (Source, Source) -> Void) -> Void) {
        switch self {
        case .four:
            var (s0, s1, s2, s3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
            body { a, b in
                s0.addProduct(load(a), load(b))
                s1.addProduct(load(a + laneCount), load(b + laneCount))
                s2.addProduct(load(a + 2 &* laneCount), load(b + 2 &* laneCount))
                s3.addProduct(load(a + 3 &* laneCount), load(b + 3 &* laneCount))
            }
            store(s0, out)
            store(s1, out + laneCount)
            store(s2, out + 2 &* laneCount)
            store(s3, out + 3 &* laneCount)
        case .one:
            var sum = Lanes.zero
            body { sum.addProduct(load($0), load($1)) }
            store(sum, out)
        case .single:
            var sum: Scalar = 0
            body { sum = sum.addingProduct($0[0], $1[0]) }
            out[0] = sum
        }
    }
}

@inline(__always)
private func forEachBlock(of channels: Int, _ body: (Int, ChannelBlock) -> Void) {
    var c = 0
    while c &+ 4 &* laneCount <= channels { body(c, .four); c &+= 4 &* laneCount }
    while c &+ laneCount <= channels { body(c, .one); c &+= laneCount }
    while c < channels { body(c, .single); c &+= 1 }
}
