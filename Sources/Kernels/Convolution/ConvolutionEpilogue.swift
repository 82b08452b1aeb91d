/// What becomes of a convolution's result on its way to memory: something is added, and where a gate is closed (not
/// positive, as a rectifier's output may be) it counts as zero.
public struct ConvolutionEpilogue {
    /// As many numbers as the result, or none.
    let addend: Source?
    /// So many images, which those of the result meet in turn; or none.
    let gate: Source?
    let gateImages: Int

    public init(addend: Source? = nil, gate: Source? = nil, gateImages: Int = 1) {
        self.addend = addend
        self.gate = gate
        self.gateImages = gateImages
    }

    var isEmpty: Bool { addend == nil && gate == nil }

    /// Where the addend's and the gate's numbers are for result `offset` of image `image`, of `count` numbers each.
    @inline(__always)
    func at(image: Int, count: Int, offset: Int) -> ConvolutionEpilogue {
        ConvolutionEpilogue(
            addend: addend.map { $0 + (image &* count &+ offset) },
            gate: gate.map { $0 + (image % gateImages &* count &+ offset) })
    }

    /// Of results that have been written, best while they are in cache.
    @inline(__always)
    func finish(_ range: Range<Int>, of result: Destination) {
        switch (addend, gate) {
        case (let addend?, let gate?):
            finish(range, result) { ($0 + load(addend + $1)).where(load(gate + $1)) } scalar: {
                gate[$1] > 0 ? $0 + addend[$1] : 0
            }
        case (let addend?, nil): finish(range, result) { $0 + load(addend + $1) } scalar: { $0 + addend[$1] }
        case (nil, let gate?):
            finish(range, result) { $0.where(load(gate + $1)) } scalar: { gate[$1] > 0 ? $0 : 0 }
        case (nil, nil): break
        }
    }

    @inline(__always)
    private func finish(
        _ range: Range<Int>, _ result: Destination, _ lanes: (Lanes, Int) -> Lanes,
        scalar: (Scalar, Int) -> Scalar
    ) {
        var i = range.lowerBound
        while i &+ laneCount <= range.upperBound {
            store(lanes(load(result + i), i), result + i)
            i &+= laneCount
        }
        while i < range.upperBound { result[i] = scalar(result[i], i); i &+= 1 }
    }

    /// For methods that write whole images of `count` numbers each: those in `images`, of which the first is at
    /// `result`.
    func finish(images: Range<Int>, count: Int, _ result: Destination) {
        if isEmpty { return }
        for image in images {
            at(image: image, count: count, offset: 0)
                .finish(0..<count, of: result + (image &- images.lowerBound) &* count)
        }
    }
}

extension Lanes {
    /// The lanes where `gate` is positive, and zeros.
    @inline(__always) fileprivate func `where`(_ gate: Lanes) -> Lanes { Lanes.zero.replacing(with: self, where: gate .> 0) }
}
