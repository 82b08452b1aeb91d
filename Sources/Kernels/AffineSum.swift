/// A term x[r, c] scale[c] of a sum over rows and channels.
public struct ScaledTerm {
    let x, scale: Source
    /// x[rows, channels] and scale[channels].
    public init(_ x: Source, by scale: Source) {
        self.x = x
        self.scale = scale
    }
}

/// out[r, c] = addend[r, c] + sum over terms of x[r, c] scale[c] + shift[c], in one pass over memory for every two
/// terms. The addend may be `out` itself.
public func affineSum(
    rows: Int, channels: Int, addend: Source?, _ terms: [ScaledTerm], shift: Source?, _ out: Destination
) {
    withZeros(channels) { zeros in
        var addend = addend, shift = shift ?? Source(zeros), rest = terms[...]
        repeat {
            switch (rest.popFirst(), rest.popFirst()) {
            case (let first?, let second?): add(rows, channels, addend: addend, first, second, shift: shift, out)
            case (let first?, nil): add(rows, channels, addend: addend, first, shift: shift, out)
            default: add(rows, channels, addend: addend, shift: shift, out)
            }
            (addend, shift) = (Source(out), Source(zeros))
        } while !rest.isEmpty
    }
}

@inline(never)
private func add(
    _ rows: Int, _ channels: Int, addend: Source?, _ first: ScaledTerm, _ second: ScaledTerm, shift: Source,
    _ out: Destination
) {
    for row in 0..<rows {
        let start = row &* channels
        let x = first.x + start, y = second.x + start, out = out + start, addend = addend.map { $0 + start }
        var c = 0
        while c &+ laneCount <= channels {
            var sum = load(shift + c)
            if let addend { sum += load(addend + c) }
            sum.addProduct(load(x + c), load(first.scale + c))
            sum.addProduct(load(y + c), load(second.scale + c))
            store(sum, out + c)
            c &+= laneCount
        }
        while c < channels {
            let sum = shift[c] + (addend?[c] ?? 0)
            out[c] = sum.addingProduct(x[c], first.scale[c]).addingProduct(y[c], second.scale[c])
            c &+= 1
        }
    }
}

@inline(never)
private func add(
    _ rows: Int, _ channels: Int, addend: Source?, _ term: ScaledTerm, shift: Source, _ out: Destination
) {
    for row in 0..<rows {
        let start = row &* channels
        let x = term.x + start, out = out + start, addend = addend.map { $0 + start }
        var c = 0
        while c &+ laneCount <= channels {
            var sum = load(shift + c)
            if let addend { sum += load(addend + c) }
            store(sum.addingProduct(load(x + c), load(term.scale + c)), out + c)
            c &+= laneCount
        }
        while c < channels {
            out[c] = (shift[c] + (addend?[c] ?? 0)).addingProduct(x[c], term.scale[c])
            c &+= 1
        }
    }
}

private func add(_ rows: Int, _ channels: Int, addend: Source?, shift: Source, _ out: Destination) {
    for row in 0..<rows {
        let start = row &* channels
        let out = out + start, addend = addend.map { $0 + start }
        for c in 0..<channels { out[c] = shift[c] + (addend?[c] ?? 0) }
    }
}
