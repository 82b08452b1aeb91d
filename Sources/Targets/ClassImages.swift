import Kernels

/// Targets r_t - x toward one image r_t a class: what one-image and class-mean targets are.
struct ClassImages: TargetSource, UnseenTargets {
    /// [classes][numbers of an image]
    let images: [[Scalar]]
    var contentHash: String? { nil }
    var notices: [String] { [] }

    func write(index: Int, pixels: Source, target: Int, into out: Destination) {
        write(pixels: pixels, target: target, into: out)
    }

    func write(pixels: Source, target: Int, into out: Destination) {
        let image = images[target]
        for i in image.indices { out[i] = image[i] - pixels[i] }
    }
}
