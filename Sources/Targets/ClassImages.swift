import Kernels

/// Targets r_t - x toward one image r_t a class: what one-image and class-mean targets are.
struct ClassImages: TargetSource {
    /// [classes][numbers of an image]
    let images: [[Scalar]]

    func write(index: Int, pixels: Source, target: Int, into out: Destination) {
        let image = images[target]
        for i in image.indices { out[i] = image[i] - pixels[i] }
    }

    func writeUnseen(pixels: Source, target: Int, into out: Destination) -> Bool {
        write(index: 0, pixels: pixels, target: target, into: out)
        return true
    }
}
