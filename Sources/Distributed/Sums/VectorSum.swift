import Kernels

/// destination = left + right, element by element. `destination` may be `left` or `right` itself.
func addVectors(
    _ destination: UnsafeMutablePointer<Scalar>, _ left: UnsafePointer<Scalar>, _ right: UnsafePointer<Scalar>,
    count: Int
) {
    let lanes = Lanes.scalarCount, stride = MemoryLayout<Scalar>.stride
    let to = UnsafeMutableRawPointer(destination), a = UnsafeRawPointer(left), b = UnsafeRawPointer(right)
    var i = 0
    while i &+ lanes <= count {
        // Slices begin anywhere, so nothing is aligned.
        let offset = i &* stride
        let sum =
            a.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
            + b.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
        to.storeBytes(of: sum, toByteOffset: offset, as: Lanes.self)
        i = i &+ lanes
    }
    while i < count {
        destination[i] = left[i] + right[i]
        i = i &+ 1
    }
}

/// 16 KB of Float: what a chain of sums touches again is still in the first cache.
let sumTile = 4096

/// Calls `body` for consecutive parts of `range` of at most `sumTile` elements.
@inline(__always)
func forEachTile(_ range: Range<Int>, _ body: (Range<Int>) -> Void) {
    var start = range.lowerBound
    while start < range.upperBound {
        let end = min(start + sumTile, range.upperBound)
        body(start..<end)
        start = end
    }
}
