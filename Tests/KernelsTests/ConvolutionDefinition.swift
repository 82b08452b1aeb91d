import Kernels

/// The definition, product by product.
struct ConvolutionDefinition {
    let g: ConvolutionGeometry

    /// Calls `body` with the offsets in x, w and y of every product.
    private func forEachProduct(_ body: (Int, Int, Int) -> Void) {
        for index in indices([
            g.images, g.outHeight, g.outWidth, g.outChannels, g.kernelHeight, g.kernelWidth, g.inChannels,
        ]) {
            let (n, oy, ox, co, ky, kx, ci) = (index[0], index[1], index[2], index[3], index[4], index[5], index[6])
            let iy = oy * g.stride - g.padding + ky, ix = ox * g.stride - g.padding + kx
            guard iy >= 0, iy < g.height, ix >= 0, ix < g.width else { continue }
            body(
                ((n * g.height + iy) * g.width + ix) * g.inChannels + ci,
                ((co * g.kernelHeight + ky) * g.kernelWidth + kx) * g.inChannels + ci,
                ((n * g.outHeight + oy) * g.outWidth + ox) * g.outChannels + co)
        }
    }

    func forward(_ x: [Scalar], _ w: [Scalar]) -> [Double] {
        var y = [Double](repeating: 0, count: g.images * g.outputImage)
        forEachProduct { y[$2] += Double(x[$0]) * Double(w[$1]) }
        return y
    }
    func inputGradient(_ dy: [Scalar], _ w: [Scalar]) -> [Double] {
        var dx = [Double](repeating: 0, count: g.images * g.inputImage)
        forEachProduct { dx[$0] += Double(dy[$2]) * Double(w[$1]) }
        return dx
    }
    func weightGradient(_ x: [Scalar], _ dy: [Scalar]) -> [Double] {
        var dw = [Double](repeating: 0, count: g.filterCount)
        forEachProduct { dw[$1] += Double(x[$0]) * Double(dy[$2]) }
        return dw
    }
}
