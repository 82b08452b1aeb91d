/// Which method serves which shape, by an estimate of its work. Never asks for the number of images, because an image's
/// bits must not depend on it.
enum ConvolutionChoice {
    static func method(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ preference: ConvolutionPreference
    ) -> ConvolutionMethod {
        if preference == .blas { return .patches }
        if ConvolutionMethod.winogradStrided.supports(g),
            winograd(WinogradStrided.self, g) < direct(g, operation)
        {
            return .winogradStrided
        }
        guard ConvolutionMethod.winograd4.supports(g) else { return isSparse(g, operation) ? .patches : .direct }
        let four = winograd(WinogradFour.self, g), two = winograd(WinogradTwo.self, g), direct = direct(g, operation)
        if direct < min(four, two) { return .direct }
        return two <= four ? .winograd2 : .winograd4
    }

    /// Whether direct convolution would work mostly on padding, or on pixels far apart: the library was faster at input
    /// gradients of images of few channels. Elsewhere the direct method was faster than the library, or within a tenth.
    private static func isSparse(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Bool {
        operation == .inputGradient && g.inChannels < 8 && !FewChannelInputGradient.supports(g)
    }

    /// Multiplications for one image with channels padded. Transforming a number of a plane takes as long as about
    /// eight multiplications of it do in the products (measured with 8 to 64 channels, for both tiles).
    private static func winograd<Scheme: WinogradScheme>(_ scheme: Scheme.Type, _ g: ConvolutionGeometry) -> Int {
        let side = Scheme.tile
        let tiles = ((g.outHeight + side - 1) / side) * ((g.outWidth + side - 1) / side)
        let inputs = Panel.padded(g.inChannels), outputs = Panel.padded(g.outChannels)
        return tiles * Scheme.Forward.planes * (inputs * outputs + 8 * (inputs + outputs))
    }

    private static func direct(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        let taps = g.kernelHeight * g.kernelWidth
        let products =
            switch operation {
            case .forward: g.patch * Panel.padded(g.outChannels)
            case .inputGradient where FewChannelInputGradient.supports(g): g.patch * g.outChannels
            case .inputGradient: taps * g.outChannels * Panel.padded(g.inChannels)
            case .weightGradient: g.patch * Panel.padded(g.outChannels)
            }
        return g.outputPixels * products
    }
}
