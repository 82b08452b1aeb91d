/// out[rows, n] = x[rows, k] w with w[n, k] (transposed) or w[k, n], row by row in one fixed order.
///
/// A row's bits depend on nothing but the row, unlike a BLAS product's, which change with the number of rows around it:
/// predictions must not depend on the batch that an image stands in. Meant for classifier heads and small perceptrons.
public func rowProducts(
    rows: Int, _ n: Int, _ k: Int, _ x: Source, _ w: Source, transposed: Bool, _ out: Destination
) {
    if transposed {
        for row in 0..<rows { dotProducts(n, k, x + row * k, w, out + row * n) }
    } else {
        for row in 0..<rows { weightedSum(n, k, x + row * k, w, out + row * n) }
    }
}

/// out[j] = x . w[j, :]
private func dotProducts(_ n: Int, _ k: Int, _ x: Source, _ w: Source, _ out: Destination) {
    var j = 0
    while j &+ 4 <= n {
        let w0 = w + j &* k, w1 = w0 + k, w2 = w1 + k, w3 = w2 + k
        var s0 = Lanes.zero, s1 = Lanes.zero, s2 = Lanes.zero, s3 = Lanes.zero
        var i = 0
        while i &+ laneCount <= k {
            let v = load(x + i)
            s0.addProduct(v, load(w0 + i))
            s1.addProduct(v, load(w1 + i))
            s2.addProduct(v, load(w2 + i))
            s3.addProduct(v, load(w3 + i))
            i &+= laneCount
        }
        var (t0, t1, t2, t3) = (s0.sum(), s1.sum(), s2.sum(), s3.sum())
        while i < k {
            t0 += x[i] * w0[i]
            t1 += x[i] * w1[i]
            t2 += x[i] * w2[i]
            t3 += x[i] * w3[i]
            i &+= 1
        }
        out[j] = t0
        out[j &+ 1] = t1
        out[j &+ 2] = t2
        out[j &+ 3] = t3
        j &+= 4
    }
    while j < n {
        let row = w + j &* k
        var s = Lanes.zero, i = 0
        while i &+ laneCount <= k { s.addProduct(load(x + i), load(row + i)); i &+= laneCount }
        var total = s.sum()
        while i < k { total += x[i] * row[i]; i &+= 1 }
        out[j] = total
        j &+= 1
    }
}

/// out[:] = sum over i of x[i] w[i, :]
private func weightedSum(_ n: Int, _ k: Int, _ x: Source, _ w: Source, _ out: Destination) {
    out.update(repeating: 0, count: n)
    for i in 0..<k {
        let factor = x[i], lanes = Lanes(repeating: factor), row = w + i &* n
        var j = 0
        while j &+ laneCount <= n {
            store(load(out + j).addingProduct(lanes, load(row + j)), out + j)
            j &+= laneCount
        }
        while j < n { out[j] = out[j].addingProduct(factor, row[j]); j &+= 1 }
    }
}
