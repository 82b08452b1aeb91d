/// The three passes of a convolution layer.
public enum ConvolutionOperation: Sendable, Hashable, CaseIterable {
    case forward, inputGradient, weightGradient
}
