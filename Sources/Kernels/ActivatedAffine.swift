import Glibc

/// The non-linearity of `activatedAffine`.
public enum ActivationFunction: String, Sendable, CaseIterable { case identity, relu, gelu, silu }

/// Sizes of an element-by-element pass over x[outer, rows, channels] with scale and shift a channel, which repeat over
/// the rows and, if `perOuter` is false, over the outer axis as well.
public struct AffineSizes: Sendable {
    /// Rows come one after the other, and each holds its channels.
    public let outer, rows, channels: Int
    /// Whether scale and shift have numbers of their own for every outer index: [outer, channels].
    public let perOuter: Bool
    public init(outer: Int, rows: Int, channels: Int, perOuter: Bool) {
        self.outer = outer
        self.rows = rows
        self.channels = channels
        self.perOuter = perOuter
    }
}

/// out = f^(order)(x scale + shift + residual): normalisation, shortcut and activation in one pass over memory.
public func activatedAffine(
    _ function: ActivationFunction, order: Int, _ sizes: AffineSizes,
    _ x: Source, scale: Source, shift: Source, residual: Source?, _ out: Destination
) {
    let row = sizes.channels, rowsInCache = max(1, numbersInCache / max(1, row))
    for o in 0..<sizes.outer {
        let scale = sizes.perOuter ? scale + o * row : scale, shift = sizes.perOuter ? shift + o * row : shift
        for first in stride(from: 0, to: sizes.rows, by: rowsInCache) {
            let rows = min(rowsInCache, sizes.rows - first), start = (o * sizes.rows + first) * row
            for r in 0..<rows {
                let start = start &+ r &* row
                affine(row, x + start, scale: scale, shift: shift, residual: residual.map { $0 + start }, out + start)
            }
            apply(function, order: order, rows * row, out + start)
        }
    }
}

/// Of a stretch that is written, and activated while it is in the L1 cache.
@inline(__always) private var numbersInCache: Int { 1 << 12 }

@inline(__always)
private func affine(
    _ count: Int, _ x: Source, scale: Source, shift: Source, residual: Source?, _ out: Destination
) {
    var i = 0
    if let residual {
        while i &+ laneCount <= count {
            store(load(shift + i).addingProduct(load(x + i), load(scale + i)) + load(residual + i), out + i)
            i &+= laneCount
        }
        while i < count { out[i] = shift[i].addingProduct(x[i], scale[i]) + residual[i]; i &+= 1 }
    } else {
        while i &+ laneCount <= count {
            store(load(shift + i).addingProduct(load(x + i), load(scale + i)), out + i)
            i &+= laneCount
        }
        while i < count { out[i] = shift[i].addingProduct(x[i], scale[i]); i &+= 1 }
    }
}

/// z = f^(order)(z), in place, over a stretch.
private func apply(_ function: ActivationFunction, order: Int, _ count: Int, _ z: Destination) {
    switch (function, order) {
    case (.identity, 0): break
    case (.identity, let order): z.update(repeating: order == 1 ? 1 : 0, count: count)
    case (.relu, 0): rectify(count, z, z)
    case (.relu, 1): positiveMask(count, z, z)
    case (.relu, _): z.update(repeating: 0, count: count)
    case (.gelu, let order): SmoothActivation.gelu.apply(order: order, count, z, z)
    case (.silu, let order): SmoothActivation.silu.apply(order: order, count, z, z)
    }
}
