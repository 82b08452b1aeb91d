/// Which method serves which shape, by an estimate of its work. Never asks for the number of images, because an image's
/// bits must not depend on it.
enum ConvolutionChoice {
    static func method(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ preference: ConvolutionPreference,
        _ unit: BFloat16Unit
    ) -> ConvolutionMethod {
        if preference == .blas { return .patches }
        if unit == .tiles { return .tiles }
        let other = method(g, operation)
        return unit == .registers && pairs(g, operation) < work(g, operation, other) ? .pairs : other
    }

    /// Of those that take factors as they are.
    private static func method(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> ConvolutionMethod {
        let direct = direct(g, operation)
        if ConvolutionMethod.winogradStrided.supports(g), winograd(WinogradStrided.self, g) < direct {
            return .winogradStrided
        }
        guard ConvolutionMethod.winograd4.supports(g) else { return isSparse(g, operation) ? .patches : .direct }
        let four = winograd(WinogradFour.self, g), two = winograd(WinogradTwo.self, g)
        if direct < min(four, two) { return .direct }
        return two <= four ? .winograd2 : .winograd4
    }

    private static func work(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ method: ConvolutionMethod
    ) -> Int {
        switch method {
        case .winograd2: winograd(WinogradTwo.self, g)
        case .winograd4: winograd(WinogradFour.self, g)
        case .winogradStrided: winograd(WinogradStrided.self, g)
        case .direct, .patches, .tiles, .pairs: direct(g, operation)
        }
    }

    /// Two multiplications of bfloat16 take as long as one of Float; bringing a number into tiles as long as about eight of
    /// those, out of them sixteen.
    private static func pairs(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        let (read, written, products) =
            switch operation {
            case .forward: (g.inputImage, g.outputImage, TileFilters(g, operation).multiplications)
            case .inputGradient: (g.outputImage, g.inputImage, TileFilters(g, operation).multiplications)
            case .weightGradient:
                (
                    2 * (g.inputImage + g.outputImage), 0,
                    g.outputPixels * g.kernelHeight * Panel.padded(g.kernelWidth * g.inChannels)
                        * Panel.padded(g.outChannels)
                )
            }
        return products / 2 + 8 * read + 16 * written
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
