/// Files and PyTorch order images and filters as [..., channels, height, width]; here channels are last. Single images
/// of files have `PixelLayout`.
extension Tensor {
    /// [..., C, H, W] as [..., H, W, C].
    public func channelsLast() -> Tensor { transposed(-3, -2).transposed(-2, -1) }

    /// [..., H, W, C] as [..., C, H, W].
    public func channelsFirst() -> Tensor { transposed(-2, -1).transposed(-3, -2) }
}
