import Autodiff
import Diffusion
import Glibc
import Kernels

/// The denoiser of `toy2d` in closed form: every class a mixture of normal distributions on one line, which stays one
/// under noise: N(a μ, a² d dᵀ + s² I).
struct GaussianModes: Denoiser {
    let levels: NoiseLevels
    /// Normalised coordinates are the data's, divided by this.
    let deviation: [Double]
    let input: Shape = [1, 1, 2]
    let classes = 2

    static let centres: [[Double]] = [[-50, -10, 30], [-30, 10, 50]]

    func noise(in noisy: Tensor, times: [Int], classes: [Int]) -> Tensor {
        Tensor(noisy.shape, in: noisy.pool) { out in
            for row in times.indices {
                let x = [Double(noisy.pointer[2 * row]), Double(noisy.pointer[2 * row + 1])]
                let score = score(x, time: times[row], label: classes[row])
                for i in 0..<2 { out[2 * row + i] = Scalar(-levels.deviation[times[row]] * score[i]) }
            }
        }
    }

    /// C⁻¹ v by the rank-one formula, for the covariance that all modes share.
    private func solved(_ v: [Double], time: Int) -> [Double] {
        let (a, s) = (levels.signal[time], levels.deviation[time])
        let d = [1 / deviation[0], 2 / deviation[1]]
        let along = a * a * (d[0] * v[0] + d[1] * v[1]) / (s * s + a * a * (d[0] * d[0] + d[1] * d[1]))
        return [(v[0] - d[0] * along) / (s * s), (v[1] - d[1] * along) / (s * s)]
    }

    /// log p(x_t | mode), up to a term that all modes have.
    private func density(_ x: [Double], _ centre: Double, time: Int) -> (log: Double, pull: [Double]) {
        let a = levels.signal[time]
        let away = [x[0] - a * centre / deviation[0], x[1] - a * 2 * centre / deviation[1]]
        let pull = solved(away, time: time)
        return (-(away[0] * pull[0] + away[1] * pull[1]) / 2, [-pull[0], -pull[1]])
    }

    private func centres(of label: Int) -> [Double] {
        label < classes ? Self.centres[label] : Self.centres.flatMap { $0 }
    }

    /// ∇ log p(x_t | y), or ∇ log p(x_t) for the empty class.
    func score(_ x: [Double], time: Int, label: Int) -> [Double] {
        let parts = centres(of: label).map { density(x, $0, time: time) }
        let largest = parts.map(\.log).max() ?? 0
        let weights = parts.map { exp($0.log - largest) }, total = weights.reduce(0, +)
        return (0..<2).map { i in zip(weights, parts).reduce(0) { $0 + $1.0 * $1.1.pull[i] } / total }
    }

    /// p(y | x_t): written without the scores, to check them.
    func posterior(_ x: [Double], time: Int, label: Int) -> Double {
        func mass(_ centres: [Double], _ shift: Double) -> Double {
            centres.reduce(0) { $0 + exp(density(x, $1, time: time).log - shift) }
        }
        let all = centres(of: classes), shift = all.map { density(x, $0, time: time).log }.max() ?? 0
        return mass(centres(of: label), shift) / mass(all, shift)
    }

    /// ∇ log p(y | x_t) by differences of the posterior.
    func posteriorGradient(_ x: [Double], time: Int, label: Int) -> [Double] {
        let step = 1e-4
        return (0..<2).map { i in
            func value(_ sign: Double) -> Double {
                var moved = x
                moved[i] += sign * step
                return log(posterior(moved, time: time, label: label))
            }
            return (value(-2) - 8 * value(-1) + 8 * value(1) - value(2)) / (12 * step)
        }
    }
}
