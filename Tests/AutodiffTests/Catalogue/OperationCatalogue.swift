/// Every operation that can be recorded, in the shapes that have gone wrong somewhere: asymmetric sizes, strides, one
/// side broadcast, both sides broadcast. `CatalogueTests` compares the list with the source files.
enum OperationCatalogue {
    static let all: [OperationCheck] =
        arithmeticChecks + pointwiseChecks + activationChecks + shapeChecks + reductionChecks + poolingChecks
        + linearChecks + matrixProductChecks + attentionChecks + convolutionChecks + activatedConvolutionChecks
        + affineChecks + denoiserChecks + depthwiseChecks + paddedPoolChecks + piecewiseChecks
}
