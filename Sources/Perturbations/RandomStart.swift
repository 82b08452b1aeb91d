import Glibc
import Kernels
import Randomness

extension ThreatModel {
    /// Adds to an image a point drawn uniformly from the ball, and projects.
    public func moveRandomly(_ count: Int, _ image: Destination, original: Source, _ stream: inout RandomStream) {
        switch norm {
        case .linf:
            for i in 0..<count { image[i] = Scalar(Double(original[i]) + epsilon * (2 * stream.uniform() - 1)) }
        case .l2:
            let direction = (0..<count).map { _ in stream.normal() }
            let length = norm.length(of: direction)
            // The volume within a radius grows as its power of the dimension.
            let radius = epsilon * pow(stream.uniform(), 1 / Double(count))
            guard length > 0 else { return }
            for i in 0..<count { image[i] = Scalar(Double(original[i]) + direction[i] * (radius / length)) }
        }
        project(count, image, original: original)
    }

    /// Writes an image moved by epsilon along a random direction, uniform in the cube under `linf` and on the sphere
    /// under `l2`, and projected.
    public func moveToSurface(_ count: Int, _ image: Destination, original: Source, _ stream: inout RandomStream) {
        let direction = (0..<count).map { _ in norm == .linf ? 2 * stream.uniform() - 1 : stream.normal() }
        let length = norm.length(of: direction)
        let factor = length > 0 ? epsilon / length : 0
        for i in 0..<count { image[i] = Scalar(Double(original[i]) + factor * direction[i]) }
        project(count, image, original: original)
    }
}
