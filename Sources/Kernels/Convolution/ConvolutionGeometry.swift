/// The sizes of a two-dimensional convolution over channels-last images: x[N,H,W,Ci], filters w[Co,kh,kw,Ci],
/// y[N,Ho,Wo,Co], with zero padding on all four sides.
public struct ConvolutionGeometry: Sendable, Hashable {
    public var images: Int
    public let height, width, inChannels, outChannels: Int
    public let kernelHeight, kernelWidth, stride, padding: Int

    public init(
        images: Int, height: Int, width: Int, inChannels: Int, outChannels: Int,
        kernelHeight: Int, kernelWidth: Int, stride: Int, padding: Int
    ) {
        precondition(
            stride >= 1 && padding >= 0 && height + 2 * padding >= kernelHeight && width + 2 * padding >= kernelWidth,
            "convolution: \(height)x\(width) with kernel \(kernelHeight)x\(kernelWidth), stride \(stride), "
                + "padding \(padding)")
        self.images = images
        self.height = height
        self.width = width
        self.inChannels = inChannels
        self.outChannels = outChannels
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
        self.stride = stride
        self.padding = padding
    }

    public var outHeight: Int { (height + 2 * padding - kernelHeight) / stride + 1 }
    public var outWidth: Int { (width + 2 * padding - kernelWidth) / stride + 1 }
    /// Numbers in the patch of input that one output pixel sees.
    public var patch: Int { kernelHeight * kernelWidth * inChannels }
    var input: FeatureMap { FeatureMap(height: height, width: width, channels: inChannels) }
    var output: FeatureMap { FeatureMap(height: outHeight, width: outWidth, channels: outChannels) }
    public var inputImage: Int { height * width * inChannels }
    public var outputPixels: Int { outHeight * outWidth }
    public var outputImage: Int { outputPixels * outChannels }
    public var filterCount: Int { outChannels * patch }
    /// Floating-point operations of the direct method, a multiplication and an addition each.
    public var operations: Double { 2 * Double(images * outputPixels) * Double(outChannels * patch) }
}

/// The sizes of one image, or of what a layer makes of it.
struct FeatureMap {
    let height, width, channels: Int
}
