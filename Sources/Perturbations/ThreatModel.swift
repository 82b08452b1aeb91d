import Failures
import Kernels

/// What an attacker may do to an image: move it by at most `epsilon` in a norm, within the box of valid pixels.
public struct ThreatModel: Sendable, Equatable {
    /// How the size of a move is measured.
    public enum Norm: String, Sendable, CaseIterable {
        case l1, l2, linf
        /// How many values differ: no norm, and without a direction to step in.
        case l0

        /// Those in which there are steps, random starts and radii of training.
        public static let proper: [Norm] = [.l1, .l2, .linf]

        /// A proper norm as papers and libraries write it: `L2`, `l_2`, `2`; `Linf`, `l_inf`, `L-infinity`, `L∞`, `inf`.
        public init?(spelling: String) {
            guard let norm = Norm(anySpelling: spelling), Self.proper.contains(norm) else { return nil }
            self = norm
        }

        /// The same, or `l0`.
        fileprivate init?(anySpelling spelling: String) {
            let letters = spelling.lowercased().filter { !" _-".contains($0) }
            switch letters.hasPrefix("l") ? letters.dropFirst() : letters[...] {
            case "0": self = .l0
            case "1": self = .l1
            case "2": self = .l2
            case "inf", "infinity", "infty", "∞", "oo": self = .linf
            default: return nil
            }
        }

        /// As papers print it.
        public var title: String {
            switch self {
            case .l0: "L0"
            case .l1: "L1"
            case .l2: "L2"
            case .linf: "L\u{221E}"
            }
        }

        /// The radius that the literature measures robustness of images of CIFAR-10's size with.
        public var customaryEpsilon: String {
            switch self {
            case .l0: "24"
            case .l1: "12"
            case .l2: "0.5"
            case .linf: "8/255"
            }
        }
    }

    /// The values of images in [0, 1].
    public static let pixels: ClosedRange<Scalar> = 0...1
    /// For data that are not pixels, such as points in the plane.
    public static let unbounded = -Scalar.greatestFiniteMagnitude...Scalar.greatestFiniteMagnitude

    /// The box of a data set whose values lie in `range`; nil: nothing confines them.
    public static func box(range: ClosedRange<Scalar>?) -> ClosedRange<Scalar> { range ?? unbounded }

    /// What `epsilon` is measured in.
    public let norm: Norm
    /// Radius of the ball, in units of images in [0, 1].
    public let epsilon: Double
    /// What every value of an image lies in, before and after an attack.
    public let box: ClosedRange<Scalar>

    /// `epsilon` must be finite and not negative.
    public init(norm: Norm, epsilon: Double, box: ClosedRange<Scalar> = pixels) {
        precondition(epsilon.isFinite && epsilon >= 0, "ThreatModel: epsilon \(epsilon)")
        self.norm = norm
        self.epsilon = epsilon
        self.box = box
    }

    /// From a user's words, such as `linf` and `8/255`. Throws `usage`.
    /// - Parameter norms: those that make sense.
    public init(
        norm: String, epsilon: String, among norms: [Norm] = Norm.proper, box: ClosedRange<Scalar> = pixels
    ) throws {
        guard let known = Norm(anySpelling: norm), norms.contains(known) else {
            let names = norms.map(\.rawValue).joined(separator: ", ")
            throw Failure(.usage, "norm \"\(norm)\" is unknown, expected \(names)")
        }
        let radius = try Self.epsilon(epsilon)
        guard known != .l0 || radius >= 1 && radius == radius.rounded() else {
            throw Failure(
                .usage,
                "epsilon \"\(epsilon)\" under l0 is how many values may differ, expected a whole number, 1 or more")
        }
        self.init(norm: known, epsilon: radius, box: box)
    }

    /// Threats of a user's lists, such as `l1,linf` and `12,8/255`: a radius for each norm, or nil for the customary
    /// ones. Throws `usage`, for a norm that is named twice as well. `l0` is among those that make sense.
    public static func list(
        norms: String, epsilons: String?, box: ClosedRange<Scalar> = pixels
    ) throws -> [ThreatModel] {
        let names = Self.words(norms), radii = epsilons.map(Self.words)
        if let radii, radii.count != names.count {
            throw Failure(
                .usage,
                "epsilon \"\(radii.joined(separator: ","))\" has \(Self.counted(radii.count, "radius", "radii")) for "
                    + Self.counted(names.count, "norm", "norms"))
        }
        let threats = try names.enumerated().map { place, name in
            try ThreatModel(
                norm: name, epsilon: radii?[place] ?? Norm(anySpelling: name)?.customaryEpsilon ?? "0.5",
                among: Norm.allCases, box: box)
        }
        for (place, threat) in threats.enumerated() where threats[..<place].contains(where: { $0.norm == threat.norm })
        {
            throw Failure(.usage, "norm \(threat.norm.rawValue) is named twice")
        }
        return threats
    }

    private static func counted(_ count: Int, _ one: String, _ many: String) -> String {
        "\(count) \(count == 1 ? one : many)"
    }

    /// What stands between commas, without the blanks around it.
    private static func words(_ list: String) -> [String] {
        list.split(separator: ",", omittingEmptySubsequences: false).map { word in
            String(word.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// Further than any move makes sense, and so near that no multiple or square of it is beyond what numbers can hold.
    private static let largestEpsilon = 1e30

    /// Radii of a user's list, such as `0.25, 8/255`. Throws `usage`.
    public static func epsilons(_ list: String) throws -> [Double] { try words(list).map(epsilon) }

    /// A number written as `0.5` or as a fraction, `8/255`. Throws `usage` unless it is from 0 to 1e30.
    public static func epsilon(_ text: String) throws -> Double {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
        let value: Double? =
            switch parts.count {
            case 1: parts[0]
            case 2: parts[0].flatMap { numerator in parts[1].map { numerator / $0 } }
            default: nil
            }
        guard let value, value.isFinite, value >= 0 else {
            throw Failure(.usage, "epsilon \"\(text)\", expected a number such as 0.5 or 8/255")
        }
        guard value <= largestEpsilon else {
            throw Failure(.usage, "epsilon \"\(text)\" is beyond all images, expected 0 to \(largestEpsilon)")
        }
        return value
    }

    /// The same threat with another radius.
    public func with(epsilon: Double) -> ThreatModel { ThreatModel(norm: norm, epsilon: epsilon, box: box) }

    /// Epsilon as the literature writes it: `8/255` where it is a whole number of grey levels under `linf`.
    public var epsilonText: String {
        let levels = (epsilon * 255).rounded()
        let isWhole = norm == .linf && levels >= 1 && levels <= 64 && abs(epsilon * 255 - levels) < 1e-9
        return isWhole ? "\(Int(levels))/255" : "\(epsilon)"
    }
}
