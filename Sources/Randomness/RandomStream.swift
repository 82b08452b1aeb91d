/// What a random number is for. Part of every stream's key, so that two uses never share numbers.
///
/// The raw values are part of the reproducibility promise: append, never renumber.
public enum RandomPurpose: UInt32, Sendable {
    case initialisation = 1
    case epochOrder = 2
    case augmentation = 3
    case targetClasses = 4
    case dataSubset = 5
    case attack = 6
    case synthesis = 7
    case targetSelection = 8
    case innerAttack = 9
    case diffusion = 10
    case sampling = 11
    case scoreNoise = 12
    case controlTargets = 13
    case heldOutNoise = 14
    case alignmentDirections = 15
    case explanation = 16
    case certificateSelection = 17
    case certificateEstimation = 18
    case trainingNoise = 19
    case certificateAttack = 20
    case certificateJudgement = 21
    case inputNoise = 22
    case corruption = 23
    case test = 99
}

/// A counter-based random stream, Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011).
///
/// The numbers are a pure function of (seed, purpose, first, second): the same for any number of ranks, any batch
/// split, and after any resume. `first` and `second` are coordinates such as epoch and image index.
public struct RandomStream: Sendable, RandomNumberGenerator {
    private let key: SIMD2<UInt32>
    private let place: SIMD3<UInt32>
    private var block: UInt32 = 0
    private var buffer = SIMD4<UInt32>()
    private var used = 4

    /// `first` and `second` tell the streams of a purpose apart.
    public init(seed: UInt64, purpose: RandomPurpose, _ first: UInt64 = 0, _ second: UInt64 = 0) {
        // Purpose and the coordinates' high halves are mixed into the key, the low halves stay in the counter:
        // neighbouring images and epochs are distinct counters of one cipher.
        var mixed = seed ^ (UInt64(purpose.rawValue) &* 0x9E37_79B9_7F4A_7C15)
        mixed ^= (first >> 32) &* 0xBF58_476D_1CE4_E5B9
        mixed ^= (second >> 32) &* 0x94D0_49BB_1331_11EB
        key = SIMD2(UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
        place = SIMD3(UInt32(truncatingIfNeeded: first), UInt32(truncatingIfNeeded: second), purpose.rawValue)
    }

    private mutating func refill() {
        buffer = philox4x32(counter: SIMD4(block, place.x, place.y, place.z), key: key)
        precondition(block != .max, "RandomStream: 2^34 numbers drawn from one stream")
        block += 1
        used = 0
    }

    public mutating func nextUInt32() -> UInt32 {
        if used == 4 { refill() }
        defer { used += 1 }
        return buffer[used]
    }

    public mutating func next() -> UInt64 {
        UInt64(nextUInt32()) | UInt64(nextUInt32()) << 32
    }

    /// Uniform in [0, 1), a multiple of 2^-24, so exact in Float as in Double.
    public mutating func uniform() -> Double {
        Double(nextUInt32() >> 8) * 0x1p-24
    }

    /// Uniform in 0 ..< bound, unbiased (Lemire's multiply and reject).
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0 && bound <= Int(UInt32.max), "RandomStream.below: bound \(bound)")
        let bound = UInt32(bound)
        let threshold = (0 &- bound) % bound
        while true {
            let product = UInt64(nextUInt32()) * UInt64(bound)
            if UInt32(truncatingIfNeeded: product) >= threshold { return Int(product >> 32) }
        }
    }

    /// Standard normal (Box-Muller; one of the pair is dropped to keep the stream's position simple).
    public mutating func normal() -> Double {
        let radius = (-2 * naturalLogarithm(1 - uniform())).squareRoot()
        return radius * cosine(2 * .pi * uniform())
    }

    /// `count` distinct numbers of 0 ..< bound in random order (partial Fisher-Yates).
    public mutating func distinct(_ count: Int, below bound: Int) -> [Int] {
        precondition(count <= bound, "RandomStream.distinct: \(count) of \(bound)")
        var numbers = Array(0..<bound)
        for i in 0..<count { numbers.swapAt(i, i + below(bound - i)) }
        return Array(numbers[..<count])
    }

    /// A random permutation of 0 ..< count.
    public mutating func permutation(_ count: Int) -> [Int] { distinct(count, below: count) }
}
