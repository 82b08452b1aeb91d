/// How a convolution is computed. Largest errors in Float relative to the largest value, measured for 3x3 filters over
/// up to 512 channels: patches 6e-7, direct 2.2e-6, winograd2 7e-7, winograd4 1.2e-5,
/// winogradStrided 7.3e-6.
public enum ConvolutionMethod: Sendable, Hashable, CaseIterable {
    /// Matrix products over unfolded patches by the linear algebra library: every shape.
    case patches
    /// Register tiles straight over zero-padded images: every shape.
    case direct
    /// Winograd F(2x2, 3x3) and F(4x4, 3x3): 3x3 filters, stride 1, padding 1.
    case winograd2, winograd4
    /// Winograd's method on the even and the odd pixels: 3x3 filters, stride 2, padding 1.
    case winogradStrided
    /// Tiles of factors that are rounded to bfloat16, on a matrix unit or, pair by pair, in vector registers, or as if there
    /// were one: every shape. The other methods take factors as they are.
    case tiles, pairs

    /// Whether the method can compute all three passes of this shape.
    public func supports(_ g: ConvolutionGeometry) -> Bool { kernel.supports(g) }

    /// Whether factors are rounded to bfloat16 on their way.
    public var roundsFactors: Bool { self == .tiles || self == .pairs }

    var kernel: any ConvolutionKernel.Type {
        switch self {
        case .patches: PatchConvolution.self
        case .direct: DirectConvolution.self
        case .winograd2: WinogradTwo.self
        case .winograd4: WinogradFour.self
        case .winogradStrided: WinogradStrided.self
        case .tiles: Self.kernel(in: .tiles)
        case .pairs: Self.kernel(in: .registers)
        }
    }

    private static func kernel(in unit: BFloat16Unit) -> any ConvolutionKernel.Type {
        switch unit.tileMaker {
        #if arch(x86_64)
            case .matrixUnit: TileConvolution<ProcessorTileBlock>.self
        #endif
        #if !PAG_DOUBLE
            case .registers: TileConvolution<RegisterTileBlock>.self
        #endif
        default: TileConvolution<EmulatedTileBlock>.self
        }
    }
}

/// What the user asks for.
public enum ConvolutionPreference: String, Sendable, Hashable, CaseIterable {
    /// The fastest method that was measured for the shape.
    case auto
    /// `ConvolutionMethod.patches` for every shape: the reference.
    case blas
}
