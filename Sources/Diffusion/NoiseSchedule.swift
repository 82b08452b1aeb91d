import Configuration
import Glibc

/// How much of an image is left at each time step. A new schedule is one type and one line in `noiseSchedules`.
public protocol NoiseSchedule: Configurable {
    /// β of steps 0 ..< steps: the share of the variance that each step replaces by noise.
    func betas(steps: Int) -> [Double]
}

/// β rises linearly (Ho, Jain, Abbeel 2020).
struct LinearNoise: NoiseSchedule {
    /// β of the first step, and of the last.
    var start = 1e-4
    var end = 0.02

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("start", &start, in: 1e-8...0.999)
        try fields.value("end", &end, in: 1e-8...0.999)
    }

    func betas(steps: Int) -> [Double] {
        (0..<steps).map { start + (end - start) * Double($0) / Double(max(1, steps - 1)) }
    }
}

/// ᾱ falls as a squared cosine (Nichol and Dhariwal 2021).
public struct CosineNoise: NoiseSchedule {
    /// Keeps the first steps from being too small; s of the paper.
    public var offset = 0.008
    /// β is cut to this.
    public var largest = 0.999

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("offset", &offset, in: 0...1)
        try fields.value("largest", &largest, in: 1e-3...0.9999)
    }

    public func betas(steps: Int) -> [Double] {
        func signal(_ step: Int) -> Double {
            let angle = cos((Double(step) / Double(steps) + offset) / (1 + offset) * .pi / 2)
            return angle * angle
        }
        return (0..<steps).map { min(largest, 1 - signal($0 + 1) / signal($0)) }
    }
}
