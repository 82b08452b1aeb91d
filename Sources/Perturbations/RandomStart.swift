import Glibc
import Kernels
import Randomness

extension ThreatModel {
    /// Adds to an image a point drawn uniformly from the ball, and projects. Not for `l0`.
    public func moveRandomly(_ count: Int, _ image: Destination, original: Source, _ stream: inout RandomStream) {
        switch norm {
        case .l0: preconditionFailure("ThreatModel.moveRandomly: l0")
        case .l1:
            // Of count + 1 waiting times, each as a share of their sum, all but one are uniform in the simplex.
            let times = (0...count).map { _ in -log1p(-stream.uniform()) }, total = times.reduce(0, +)
            guard total > 0 else { return }
            for i in 0..<count {
                let change = epsilon * times[i] / total
                image[i] = Scalar(Double(original[i]) + (stream.uniform() < 0.5 ? -change : change))
            }
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
    /// under `l2`, and projected. Under `l1` it moves to the point of the ball and the box that is nearest to a normal
    /// one, of which few values differ from the original's. Not for `l0`.
    public func moveToSurface(_ count: Int, _ image: Destination, original: Source, _ stream: inout RandomStream) {
        precondition(norm != .l0, "ThreatModel.moveToSurface: l0")
        let direction = (0..<count).map { _ in norm == .linf ? 2 * stream.uniform() - 1 : stream.normal() }
        let length = norm.length(of: direction)
        let scale = length > 0 ? epsilon / length : 0, factor = norm == .l1 ? max(1, scale) : scale
        for i in 0..<count { image[i] = Scalar(Double(original[i]) + factor * direction[i]) }
        project(count, image, original: original)
    }
}
