import Failures
import Formats
import Glibc

/// What a certificate by randomised smoothing (Cohen, Rosenfeld, Kolter 2019) is made of.
public struct SmoothingSettings: Sendable, Equatable {
    /// Deviation of the normal noise on every value of an image, in units of images in [0, 1].
    public var sigma: Double
    /// Draws that a class's probability is estimated from.
    public var draws: Int
    /// Draws before that, which choose the class.
    public var selectionDraws: Int
    /// How likely a certificate may be wrong, at most.
    public var alpha: Double
    /// Of the noise.
    public var seed: UInt64

    /// Throws `usage` for numbers that make no sense.
    public init(sigma: Double, draws: Int, selectionDraws: Int, alpha: Double, seed: UInt64) throws {
        guard sigma > 0, sigma.isFinite else { throw Failure(.usage, "sigma is \(sigma), expected more than 0") }
        for (name, count) in [("n", draws), ("n0", selectionDraws)] {
            guard (1...1_000_000_000).contains(count) else {
                throw Failure(.usage, "\(name) is \(count), expected 1 to 1000000000")
            }
        }
        guard alpha > 0, alpha < 1 else {
            throw Failure(.usage, "alpha is \(alpha), expected a number between 0 and 1")
        }
        self.sigma = sigma
        self.draws = draws
        self.selectionDraws = selectionDraws
        self.alpha = alpha
        self.seed = seed
    }

    /// What was certified of an image.
    public struct Certificate: Sendable, Equatable {
        /// Nil: no class is likely enough.
        public let prediction: Int?
        /// Within it, in L2, the smoothed classifier's class is the prediction, but for a chance of `alpha`.
        public let radius: Double
    }

    /// The class and the radius that counts of classes say, by procedure CERTIFY of the paper.
    public func certificate(selection: [Int], estimation: [Int]) -> Certificate {
        // The first of equals, as argmax has it.
        let best = selection.indices.reduce(0) { selection[$1] > selection[$0] ? $1 : $0 }
        let bound = Quantiles.binomialLowerBound(successes: estimation[best], tries: draws, alpha: alpha)
        guard bound >= 0.5 else { return Certificate(prediction: nil, radius: 0) }
        return Certificate(prediction: best, radius: sigma * Quantiles.normal(bound))
    }

    /// The class that counts say, by procedure PREDICT of the paper: nil where the two most frequent classes could be
    /// equally likely.
    public func prediction(_ counts: [Int]) -> Int? {
        // The first of equals, as argmax has it.
        let order = counts.indices.sorted { counts[$0] == counts[$1] ? $0 < $1 : counts[$0] > counts[$1] }
        guard let best = order.first else { return nil }
        let most = counts[best], next = order.count > 1 ? counts[order[1]] : 0
        return Quantiles.fairCoin(successes: most, tries: most + next) <= alpha ? best : nil
    }

    /// Draws that a class which is always seen needs for a certificate.
    public var leastDraws: Int { max(1, Int((log(alpha) / log(0.5)).rounded(.up))) }

    var json: [JSONValue.Member] {
        [
            .init("sigma", JSONValue(sigma)), .init("n", JSONValue(draws)), .init("n0", JSONValue(selectionDraws)),
            .init("alpha", JSONValue(alpha)), .init("seed", JSONValue("\(seed)")),
        ]
    }
}
