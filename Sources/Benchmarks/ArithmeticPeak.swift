import Kernels
import Tracing

/// The rate at which this core multiplies and adds when nothing else holds it up: the yardstick of every other figure,
/// measured in the same run because clocks and neighbours change from run to run.
enum ArithmeticPeak {
    #if PAG_DOUBLE
        /// Of 256 bits.
        typealias Register = SIMD4<Scalar>
    #else
        typealias Register = RegisterLanes
    #endif

    /// Independent sums: two units with a latency of four or five cycles need eight to ten, and sixteen registers hold
    /// no more than these and the operands.
    private static let chains = 12

    /// Operations a second, a multiplication and an addition each one: the best of many short runs.
    static func measure(seconds: Double = 0.3) -> Double {
        // Small enough that no sum grows beyond its range, and not known to the compiler.
        let factor = Register(repeating: Scalar(1e-3 * (1 + monotonicSeconds().truncatingRemainder(dividingBy: 1))))
        let rounds = 200_000
        var best = Double.infinity
        let start = monotonicSeconds()
        repeat {
            let before = monotonicSeconds()
            let sum = multiplyAndAdd(rounds, factor, factor)
            let time = monotonicSeconds() - before
            precondition(sum.isFinite, "ArithmeticPeak: the sum of \(rounds) products is \(sum)")
            best = min(best, time)
        } while monotonicSeconds() - start < seconds
        return Double(2 * chains * Register.scalarCount * rounds) / best
    }

    /// A call that cannot be seen through, so that its work can neither be dropped nor moved out of the loop.
    @inline(never)
    private static func multiplyAndAdd(_ rounds: Int, _ a: Register, _ b: Register) -> Scalar {
        // Separate variables stay in registers; an array would not. They start apart lest they become one.
        var s0 = Register(repeating: 0), s1 = s0 + 1, s2 = s0 + 2, s3 = s0 + 3, s4 = s0 + 4, s5 = s0 + 5
        var s6 = s0 + 6, s7 = s0 + 7, s8 = s0 + 8, s9 = s0 + 9, s10 = s0 + 10, s11 = s0 + 11
        var round = 0
        while round != rounds {
            s0.addProduct(a, b)
            s1.addProduct(a, b)
            s2.addProduct(a, b)
            s3.addProduct(a, b)
            s4.addProduct(a, b)
            s5.addProduct(a, b)
            s6.addProduct(a, b)
            s7.addProduct(a, b)
            s8.addProduct(a, b)
            s9.addProduct(a, b)
            s10.addProduct(a, b)
            s11.addProduct(a, b)
            round &+= 1
        }
        return (((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)) + ((s8 + s9) + (s10 + s11))).sum()
    }
}
