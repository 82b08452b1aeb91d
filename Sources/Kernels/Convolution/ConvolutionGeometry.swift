/// The sizes of a two-dimensional convolution over channels-last images: x[N,H,W,Ci], filters w[Co,kh,kw,Ci],
/// y[N,Ho,Wo,Co], with zero padding on all four sides.
public struct ConvolutionGeometry: Sendable, Hashable {
    /// N, and the only size that the choice of a method does not depend on.
    public var images: Int
    /// H, W, Ci and Co.
    public let height, width, inChannels, outChannels: Int
    /// kh and kw; stride and zero padding are the same along both axes, and on both sides.
    public let kernelHeight, kernelWidth, stride, padding: Int

    /// Every window has to fit into the padded image.
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

    /// Ho
    public var outHeight: Int { (height + 2 * padding - kernelHeight) / stride + 1 }
    /// Wo
    public var outWidth: Int { (width + 2 * padding - kernelWidth) / stride + 1 }
    /// Numbers in the patch of input that one output pixel sees.
    public var patch: Int { kernelHeight * kernelWidth * inChannels }
    var input: FeatureMap { FeatureMap(height: height, width: width, channels: inChannels) }
    var output: FeatureMap { FeatureMap(height: outHeight, width: outWidth, channels: outChannels) }
    /// Numbers of one image x.
    public var inputImage: Int { height * width * inChannels }
    /// Ho Wo
    public var outputPixels: Int { outHeight * outWidth }
    /// Numbers of one image y.
    public var outputImage: Int { outputPixels * outChannels }
    /// Numbers of w.
    public var filterCount: Int { outChannels * patch }
    /// Of the direct method, for all images. An addition belongs to each.
    public var multiplications: Int { images * outputPixels * filterCount }
}

/// The sizes of one image, or of what a layer makes of it.
struct FeatureMap {
    let height, width, channels: Int
}
