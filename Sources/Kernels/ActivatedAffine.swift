import Glibc

/// The non-linearity of `activatedAffine`.
public enum ActivationFunction: String, Sendable, CaseIterable { case identity, relu, gelu, silu }

/// Sizes of an element-by-element pass over x[outer, rows, channels] with scale and shift a channel, which repeat over
/// the rows and, if `perOuter` is false, over the outer axis as well.
public struct AffineSizes: Sendable {
    public let outer, rows, channels: Int
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
    let row = sizes.channels
    for o in 0..<sizes.outer {
        let scale = sizes.perOuter ? scale + o * row : scale, shift = sizes.perOuter ? shift + o * row : shift
        for r in 0..<sizes.rows {
            let start = (o * sizes.rows + r) * row
            let x = x + start, out = out + start, residual = residual.map { $0 + start }
            affine(row, x, scale, shift, residual, out)
        }
        let start = o * sizes.rows * row, count = sizes.rows * row
        apply(function, order: order, count, out + start)
    }
}

@inline(__always)
private func affine(
    _ count: Int, _ x: Source, _ scale: Source, _ shift: Source, _ residual: Source?, _ out: Destination
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

/// z = f^(order)(z), in place, over a stretch that is still in cache.
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
