/// F(4x4, 3x3): 36 multiplications for 16 outputs instead of 144. Interpolation points 0, 1, -1, 2, -2, infinity.
enum WinogradFour: WinogradScheme, WinogradPass {
    typealias Forward = Self
    typealias InputGradient = Self

    @inline(__always) static func filterLine(_ line: Int) -> Int { line }

    enum InputTransform: LineTransform {
        @inline(__always) static var inputs: Int { 6 }
        @inline(__always) static var outputs: Int { 6 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let d0 = line[0], d1 = line[1], d2 = line[2], d3 = line[3], d4 = line[4], d5 = line[5]
            let even = d4.adding(d2, times: -4), odd = d3.adding(d1, times: -4)
            let evenDifference = d4 - d2, oddDifference = d3 - d1
            result[0] = d4.adding(d2, times: -5).adding(d0, times: 4)
            result[1] = even + odd
            result[2] = even - odd
            result[3] = evenDifference.adding(oddDifference, times: 2)
            result[4] = evenDifference.adding(oddDifference, times: -2)
            result[5] = d5.adding(d3, times: -5).adding(d1, times: 4)
        }
    }

    enum OutputTransform: LineTransform {
        @inline(__always) static var inputs: Int { 6 }
        @inline(__always) static var outputs: Int { 4 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let m1 = line[1], m2 = line[2], m3 = line[3], m4 = line[4]
            let sum1 = m1 + m2, difference1 = m1 - m2, sum2 = m3 + m4, difference2 = m3 - m4
            result[0] = (line[0] + sum1) + sum2
            result[1] = difference1.adding(difference2, times: 2)
            result[2] = sum1.adding(sum2, times: 4)
            result[3] = (difference1 + line[5]).adding(difference2, times: 8)
        }
    }

    enum GradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 6 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let y0 = line[0], y1 = line[1], y2 = line[2], y3 = line[3]
            let even1 = y0 + y2, odd1 = y1 + y3
            let even2 = y0.adding(y2, times: 4), odd2 = y1.adding(y3, times: 4)
            result[0] = y0
            result[1] = even1 + odd1
            result[2] = even1 - odd1
            result[3] = even2.adding(odd2, times: 2)
            result[4] = even2.adding(odd2, times: -2)
            result[5] = y3
        }
    }

    enum FilterTransform: LineTransform {
        @inline(__always) static var inputs: Int { 3 }
        @inline(__always) static var outputs: Int { 6 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let g0 = line[0], g1 = line[1], g2 = line[2]
            let even1 = (g0 + g2) * RegisterLanes(repeating: -1 / 6), odd1 = g1 * RegisterLanes(repeating: 1 / 6)
            let even2 = (g0 * RegisterLanes(repeating: 1 / 24)).adding(g2, times: 1 / 6)
            let odd2 = g1 * RegisterLanes(repeating: 1 / 12)
            result[0] = g0 * RegisterLanes(repeating: 1 / 4)
            result[1] = even1 - odd1
            result[2] = even1 + odd1
            result[3] = even2 + odd2
            result[4] = even2 - odd2
            result[5] = g2
        }
    }

    enum FilterGradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 6 }
        @inline(__always) static var outputs: Int { 3 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let u1 = line[1], u2 = line[2], u3 = line[3], u4 = line[4]
            let sum1 = u1 + u2, difference1 = u1 - u2, sum2 = u3 + u4, difference2 = u3 - u4
            let first = (line[0] * RegisterLanes(repeating: 1 / 4)).adding(sum1, times: -1 / 6)
            result[0] = first.adding(sum2, times: 1 / 24)
            let second = difference2 * RegisterLanes(repeating: 1 / 12)
            result[1] = second.adding(difference1, times: -1 / 6)
            result[2] = line[5].adding(sum1, times: -1 / 6).adding(sum2, times: 1 / 6)
        }
    }
}
