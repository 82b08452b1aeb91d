import Kernels

/// The gradient of a shard: numbers of very different sizes, so that the order of a sum shows in its bits.
func sampleVector(shard: Int, count: Int) -> [Scalar] {
    var state = UInt64(shard + 1) &* 0x9E37_79B9_7F4A_7C15
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let mantissa = Scalar(Int(state >> 40) - (1 << 23)) / Scalar(1 << 23)
        return mantissa * [1, 100, 1e-4, 3e5][Int(state >> 33) & 3]
    }
}

/// The sum over the shards of a range, by halves.
func treeSum(_ shards: Range<Int>, count: Int) -> [Scalar] {
    guard shards.count > 1 else { return sampleVector(shard: shards.lowerBound, count: count) }
    let middle = shards.lowerBound + shards.count / 2
    let left = treeSum(shards.lowerBound..<middle, count: count)
    let right = treeSum(middle..<shards.upperBound, count: count)
    return zip(left, right).map { $0 + $1 }
}

func bits(_ values: some Sequence<Scalar>) -> [UInt64] { values.map { UInt64($0.bitPattern) } }
