import Kernels

/// Every pixel of images [..., H, W, C] repeated `factor` times in both directions. Transpose of `WindowSum`.
struct NearestUpsampling: Operation {
    let factor: Int
    let name = "nearest upsampling"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape
        precondition(shape.rank >= 3 && factor > 0, "nearest upsampling: \(shape) by \(factor)")
        let (width, channels) = (shape[-2], shape[-1]), row = width * factor * channels
        let lead = shape.prefix(shape.rank - 3)
        return Tensor(lead + [shape[-3] * factor, width * factor, channels], in: x[0].pool) { out in
            for line in 0..<(lead.count * shape[-3]) {
                let first = out + line * factor * row, from = x[0].pointer + line * width * channels
                for pixel in 0..<(width * factor) {
                    (first + pixel * channels).update(from: from + pixel / factor * channels, count: channels)
                }
                for copy in 1..<max(1, factor) { (first + copy * row).update(from: first, count: row) }
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [apply(WindowSum(factor: factor), [p.cotangent])] }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 3) ? self : nil }
}

/// The sum of every window of `factor` by `factor` pixels of images [..., H, W, C].
struct WindowSum: Operation {
    let factor: Int
    let name = "window sum"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape
        precondition(
            shape.rank >= 3 && shape[-3] % factor == 0 && shape[-2] % factor == 0, "window sum: \(shape) by \(factor)")
        let (height, width, channels) = (shape[-3] / factor, shape[-2] / factor, shape[-1])
        let lead = shape.prefix(shape.rank - 3)
        return Tensor(lead + [height, width, channels], in: x[0].pool) { out in
            out.update(repeating: 0, count: lead.count * height * width * channels)
            for line in 0..<(lead.count * height * factor) {
                let to = out + line / factor * width * channels, from = x[0].pointer + line * shape[-2] * channels
                for pixel in 0..<shape[-2] {
                    accumulate(channels, from + pixel * channels, into: to + pixel / factor * channels)
                }
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [apply(NearestUpsampling(factor: factor), [p.cotangent])] }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 3) ? self : nil }
}

extension Tensor {
    /// Images [..., H, W, C] enlarged by repetition of their pixels.
    public func upsampled(by factor: Int) -> Tensor { apply(NearestUpsampling(factor: factor), [self]) }
}
