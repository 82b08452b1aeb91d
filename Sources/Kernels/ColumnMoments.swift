/// sums[c] = sum over rows of a[r, c], and products[c] of a[r, c] b[r, c], in one pass over memory and in the order of
/// other sums of columns: block by block of rows.
public func columnMoments(
    rows: Int, columns: Int, _ a: Source, _ b: Source, sums: Destination, products: Destination
) {
    sums.update(repeating: 0, count: columns)
    products.update(repeating: 0, count: columns)
    for start in stride(from: 0, to: rows, by: blockRows) {
        let count = min(rows, start &+ blockRows) &- start
        addBlock(
            count, columns, a + start &* columns, b + start &* columns, sums: sums, products: products)
    }
}

@inline(__always)
private func addBlock(
    _ rows: Int, _ columns: Int, _ a: Source, _ b: Source, sums: Destination, products: Destination
) {
    var c = 0
    while c &+ laneCount <= columns {
        // Two rows in flight hide the latency of the multiply-add.
        var even = Lanes.zero, odd = Lanes.zero, evenProduct = Lanes.zero, oddProduct = Lanes.zero
        var x = a + c, y = b + c
        for _ in 0..<(rows / 2) {
            prefetch(x + blockRows &* columns)
            prefetch(x + (blockRows &+ 1) &* columns)
            prefetch(y + blockRows &* columns)
            prefetch(y + (blockRows &+ 1) &* columns)
            let first = load(x), second = load(x + columns)
            even += first
            odd += second
            evenProduct.addProduct(first, load(y))
            oddProduct.addProduct(second, load(y + columns))
            x += 2 &* columns
            y += 2 &* columns
        }
        if rows & 1 == 1 {
            even += load(x)
            evenProduct.addProduct(load(x), load(y))
        }
        store(load(sums + c) + (even + odd), sums + c)
        store(load(products + c) + (evenProduct + oddProduct), products + c)
        c &+= laneCount
    }
    while c < columns {
        var sum: Scalar = 0, product: Scalar = 0
        for r in 0..<rows {
            sum += a[r &* columns &+ c]
            product += a[r &* columns &+ c] * b[r &* columns &+ c]
        }
        sums[c] += sum
        products[c] += product
        c &+= 1
    }
}
