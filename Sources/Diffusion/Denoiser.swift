import Autodiff

/// Knows, of a noisy image and a class, the noise in it: a trained network, or a closed form.
public protocol Denoiser {
    /// [H, W, C]
    var input: Shape { get }
    /// The class `classes` stands for the empty class.
    var classes: Int { get }
    var levels: NoiseLevels { get }

    /// ε̂(x_t, t, y) for noisy images [B, H, W, C] in normalised units; −ε̂ / deviation[t] is the score ∇ log p(x_t |
    /// y). One time step and class an image. A prediction depends on its own image alone.
    func noise(in noisy: Tensor, times: [Int], classes: [Int]) -> Tensor
}
