import Kernels
import Testing

private func patchForward(_ g: ConvolutionGeometry, _ x: [Scalar], _ w: [Scalar]) -> [Scalar] {
    written(g.images * g.outputImage) { y in
        _ = written(PatchConvolution.scratchCount(g)) { PatchConvolution.forward(g, x, w, y, scratch: $0) }
    }
}
private func patchInputGradient(_ g: ConvolutionGeometry, _ dy: [Scalar], _ w: [Scalar]) -> [Scalar] {
    written(g.images * g.inputImage) { dx in
        _ = written(PatchConvolution.scratchCount(g)) { PatchConvolution.inputGradient(g, dy, w, dx, scratch: $0) }
    }
}
private func patchWeightGradient(_ g: ConvolutionGeometry, _ x: [Scalar], _ dy: [Scalar]) -> [Scalar] {
    written(g.filterCount) { dw in
        _ = written(PatchConvolution.scratchCount(g)) { PatchConvolution.weightGradient(g, x, dy, dw, scratch: $0) }
    }
}

extension ConvolutionGeometry: CustomTestStringConvertible {
    public var testDescription: String {
        "\(images)x\(height)x\(width)x\(inChannels) to \(outChannels), kernel \(kernelHeight)x\(kernelWidth), "
            + "stride \(stride), padding \(padding)"
    }
}

@Suite struct ConvolutionTests {
    /// Asymmetric sizes; kernels wider than the image, that reach past it on one side only, and of one pixel.
    static let geometries: [ConvolutionGeometry] = [
        (1, 1, 1, 0), (1, 1, 2, 0), (1, 1, 3, 1), (3, 3, 1, 0), (3, 3, 1, 1), (3, 3, 2, 1), (3, 3, 2, 0), (3, 3, 3, 2),
        (5, 5, 1, 2), (5, 5, 2, 2), (5, 5, 4, 1), (3, 2, 1, 1), (1, 3, 2, 1), (2, 5, 3, 2), (7, 7, 2, 3),
    ].flatMap { (kernelHeight, kernelWidth, stride, padding) in
        [(1, 5, 7, 3, 2), (3, 6, 5, 1, 4), (2, 7, 6, 9, 1), (0, 5, 5, 2, 3)].map { images, height, width, ci, co in
            ConvolutionGeometry(
                images: images, height: height, width: width, inChannels: ci, outChannels: co,
                kernelHeight: kernelHeight, kernelWidth: kernelWidth, stride: stride, padding: padding)
        }
    }

    @Test(arguments: geometries)
    func patchesEqualTheDefinition(_ g: ConvolutionGeometry) {
        let x = random(g.images * g.inputImage, salt: 1), w = random(g.filterCount, salt: 2)
        let dy = random(g.images * g.outputImage, salt: 3), definition = ConvolutionDefinition(g: g)
        expectAgreement(patchForward(g, x, w), definition.forward(x, w), "forward")
        expectAgreement(patchInputGradient(g, dy, w), definition.inputGradient(dy, w), "input gradient")
        expectAgreement(patchWeightGradient(g, x, dy), definition.weightGradient(x, dy), "weight gradient")
    }

    /// An image's numbers are the same alone and in any batch.
    @Test(arguments: geometries)
    func bitsDoNotDependOnTheBatch(_ g: ConvolutionGeometry) {
        let x = random(g.images * g.inputImage, salt: 1), w = random(g.filterCount, salt: 2)
        let dy = random(g.images * g.outputImage, salt: 3)
        let y = patchForward(g, x, w), dx = patchInputGradient(g, dy, w)
        var single = g
        single.images = 1
        for n in 0..<g.images {
            let inputs = (n * g.inputImage)..<((n + 1) * g.inputImage)
            let outputs = (n * g.outputImage)..<((n + 1) * g.outputImage)
            #expect(bits(patchForward(single, Array(x[inputs]), w)) == bits(y[outputs]))
            #expect(bits(patchInputGradient(single, Array(dy[outputs]), w)) == bits(dx[inputs]))
        }
    }

    @Test func sizes() {
        let g = ConvolutionGeometry(
            images: 2, height: 7, width: 6, inChannels: 3, outChannels: 5, kernelHeight: 3, kernelWidth: 2, stride: 2,
            padding: 1)
        #expect(g.outHeight == 4 && g.outWidth == 4 && g.outputPixels == 16)
        #expect(g.patch == 18 && g.inputImage == 126 && g.outputImage == 80 && g.filterCount == 90)
        #expect(g.multiplications == 2 * 16 * 5 * 18)
    }
}
