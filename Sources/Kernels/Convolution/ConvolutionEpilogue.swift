/// What becomes of a convolution's result on its way to memory. Of an activated convolution: a shift of each channel
/// and an addend are added, and negative numbers become zero, if it rectifies. Of a derivative: an addend is added, and
/// where a gate is closed (not positive, as a rectifier's output may be) the result is zero.
public struct ConvolutionEpilogue {
    /// One number a channel, or none.
    var shift: Source?
    /// As many numbers as the result, or none.
    var addend: Source?
    var rectifies = false
    /// So many images, which those of the result meet in turn; or none.
    var gate: Source?
    var gateImages = 1

    /// The result as it is.
    public init() {}

    /// For derivatives.
    public init(addend: Source?, gate: Source?, gateImages: Int) {
        self.addend = addend
        self.gate = gate
        self.gateImages = gateImages
    }

    /// For a normalised and activated convolution.
    public init(shift: Source, addend: Source?, rectifies: Bool) {
        self.shift = shift
        self.addend = addend
        self.rectifies = rectifies
    }

    /// What an activated convolution's numbers are not below.
    var lowest: Scalar { rectifies ? 0 : -.infinity }

    var isEmpty: Bool { addend == nil && gate == nil && shift == nil && !rectifies }

    /// The epilogue of what follows number `offset` of image `image`, of `count` numbers each.
    @inline(__always)
    func at(image: Int, count: Int, offset: Int) -> ConvolutionEpilogue {
        var part = self
        part.addend = addend.map { $0 + (image &* count &+ offset) }
        part.gate = gate.map { $0 + (image % gateImages &* count &+ offset) }
        return part
    }

    /// Of `pixels` pixels that have been written, best while they are in cache; they begin at number `start`.
    @inline(__always)
    func finish(_ pixels: Int, _ channels: Int, from start: Int, of result: Destination) {
        if let shift {
            for pixel in 0..<pixels { finish(channels, shift, from: start &+ pixel &* channels, of: result) }
        } else {
            finish(pixels &* channels, from: start, of: result)
        }
    }

    @inline(__always)
    private func finish(_ count: Int, from start: Int, of result: Destination) {
        let result = result + start
        switch (addend.map { $0 + start }, gate.map { $0 + start }) {
        case (let addend?, let gate?):
            update(count, result) {
                ($0 + load(addend + $1)).open(where: load(gate + $1))
            } scalar: {
                gate[$1] > 0 ? $0 + addend[$1] : 0
            }
        case (let addend?, nil):
            update(count, result) {
                $0 + load(addend + $1)
            } scalar: {
                $0 + addend[$1]
            }
        case (nil, let gate?):
            update(count, result) {
                $0.open(where: load(gate + $1))
            } scalar: {
                gate[$1] > 0 ? $0 : 0
            }
        case (nil, nil): break
        }
    }

    @inline(__always)
    private func finish(_ channels: Int, _ shift: Source, from start: Int, of result: Destination) {
        let result = result + start, least = lowest, lowest = Lanes(repeating: least)
        if let addend = addend.map({ $0 + start }) {
            update(channels, result) {
                ($0 + load(shift + $1) + load(addend + $1)).maximum(lowest)
            } scalar: {
                let sum = $0 + shift[$1] + addend[$1]
                return sum < least ? least : sum
            }
        } else {
            update(channels, result) {
                ($0 + load(shift + $1)).maximum(lowest)
            } scalar: {
                let sum = $0 + shift[$1]
                return sum < least ? least : sum
            }
        }
    }

    @inline(__always)
    private func update(
        _ count: Int, _ result: Destination, _ lanes: (Lanes, Int) -> Lanes, scalar: (Scalar, Int) -> Scalar
    ) {
        var i = 0
        while i &+ laneCount <= count {
            store(lanes(load(result + i), i), result + i)
            i &+= laneCount
        }
        while i < count { result[i] = scalar(result[i], i); i &+= 1 }
    }

    /// Writes `pixels` neighbouring pixels from a line of registers in cache: `count` channels from `channel` on, of
    /// pixels with `channels` each, the first of which begins at number `start` of the result.
    @inline(__always)
    func write(
        _ line: Source, _ pixels: Int, _ channels: Int, channel: Int, count: Int, from start: Int,
        to result: Destination
    ) {
        var part = self
        part.shift = shift.map { $0 + channel }
        for pixel in 0..<pixels {
            let place = start &+ channel &+ pixel &* channels
            (result + place).update(from: line + pixel &* registerLaneCount, count: count)
            part.finish(1, count, from: place, of: result)
        }
    }

    /// For methods that write whole images: those in `images`, of which the first is at `result`.
    func finish(images: Range<Int>, _ map: FeatureMap, _ result: Destination) {
        if isEmpty { return }
        let pixels = map.height &* map.width, count = pixels &* map.channels
        for image in images {
            at(image: image, count: count, offset: 0)
                .finish(pixels, map.channels, from: 0, of: result + (image &- images.lowerBound) &* count)
        }
    }
}
