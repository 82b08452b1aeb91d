/// F(4x4, 3x3) with stride 2: 81 multiplications for 16 outputs instead of 144.
///
/// Along a line, output i is w0 x[2i-1] + w1 x[2i] + w2 x[2i+1]. The outer taps are a filter of length two, stride 1,
/// over every other pixel: F(4, 2), interpolation points 0, 1, -1, 2, infinity, five products. The middle tap remains a
/// product for each output, so that a line has nine products, of which the last four share the filter's middle.
enum WinogradStrided: WinogradScheme {
    @inline(__always) static var stride: Int { 2 }
    @inline(__always) static func filterLine(_ line: Int) -> Int { min(line, 5) }

    enum Forward: WinogradPass {
        @inline(__always) static var inputStep: Int { 8 }
        @inline(__always) static var margin: Int { 1 }

        enum InputTransform: LineTransform {
            @inline(__always) static var inputs: Int { 9 }
            @inline(__always) static var outputs: Int { 9 }

            @inline(__always)
            static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
                setOuter(line[0], line[2], line[4], line[6], line[8], in: &result)
                setMiddle(line[1], line[3], line[5], line[7], in: &result)
            }
        }

        enum OutputTransform: LineTransform {
            @inline(__always) static var inputs: Int { 9 }
            @inline(__always) static var outputs: Int { 4 }

            @inline(__always)
            static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
                let outer = OuterOutputs(line)
                result[0] = outer.y0 + line[5]
                result[1] = outer.y1 + line[6]
                result[2] = outer.y2 + line[7]
                result[3] = outer.y3 + line[8]
            }
        }
    }

    /// dx[2i] = w1 dy[i] and dx[2i+1] = w2 dy[i] + w0 dy[i+1]: the same products, but every output stands alone.
    enum InputGradient: WinogradPass {
        @inline(__always) static var inputStep: Int { 4 }
        @inline(__always) static var margin: Int { 0 }

        enum InputTransform: LineTransform {
            @inline(__always) static var inputs: Int { 5 }
            @inline(__always) static var outputs: Int { 9 }

            @inline(__always)
            static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
                let d0 = line[0], d1 = line[1], d2 = line[2], d3 = line[3]
                setOuter(d0, d1, d2, d3, line[4], in: &result)
                setMiddle(d0, d1, d2, d3, in: &result)
            }
        }

        enum OutputTransform: LineTransform {
            @inline(__always) static var inputs: Int { 9 }
            @inline(__always) static var outputs: Int { 8 }

            @inline(__always)
            static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
                let outer = OuterOutputs(line)
                result[0] = line[5]
                result[1] = outer.y0
                result[2] = line[6]
                result[3] = outer.y1
                result[4] = line[7]
                result[5] = outer.y2
                result[6] = line[8]
                result[7] = outer.y3
            }
        }
    }

    enum GradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 9 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let y0 = line[0], y1 = line[1], y2 = line[2], y3 = line[3]
            let even = y0 + y2, odd = y1 + y3
            result[0] = y0
            result[1] = even + odd
            result[2] = even - odd
            result[3] = y0.adding(y2, times: 4).adding(y1.adding(y3, times: 4), times: 2)
            result[4] = y3
            setMiddle(y0, y1, y2, y3, in: &result)
        }
    }

    enum FilterTransform: LineTransform {
        @inline(__always) static var inputs: Int { 3 }
        @inline(__always) static var outputs: Int { 6 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let g0 = line[0], g2 = line[2]
            result[0] = g0 * RegisterLanes(repeating: 1 / 2)
            result[1] = (g0 + g2) * RegisterLanes(repeating: -1 / 2)
            result[2] = (g2 - g0) * RegisterLanes(repeating: 1 / 6)
            result[3] = g0.adding(g2, times: 2) * RegisterLanes(repeating: 1 / 6)
            result[4] = g2
            result[5] = line[1]
        }
    }

    enum FilterGradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 6 }
        @inline(__always) static var outputs: Int { 3 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let u1 = line[1], u2 = line[2], u3 = line[3]
            let halves = (line[0] - u1) * RegisterLanes(repeating: 1 / 2)
            result[0] = halves.adding(u3 - u2, times: 1 / 6)
            result[1] = line[5]
            let rest = line[4].adding(u1, times: -1 / 2).adding(u2, times: 1 / 6)
            result[2] = rest.adding(u3, times: 1 / 3)
        }
    }

    /// The middle tap's four products, one an output.
    @inline(__always)
    private static func setMiddle<Result: WritableLine>(
        _ d0: RegisterLanes, _ d1: RegisterLanes, _ d2: RegisterLanes, _ d3: RegisterLanes, in result: inout Result
    ) {
        result[5] = d0
        result[6] = d1
        result[7] = d2
        result[8] = d3
    }

    /// The outer taps' five products: B' of F(4, 2).
    @inline(__always)
    private static func setOuter<Result: WritableLine>(
        _ d0: RegisterLanes, _ d1: RegisterLanes, _ d2: RegisterLanes, _ d3: RegisterLanes, _ d4: RegisterLanes,
        in result: inout Result
    ) {
        let difference = d3 - d1, lower = d2 - d0
        result[0] = difference.adding(lower, times: -2)
        result[1] = difference - (d1 + d2)
        result[2] = d3.adding(d1, times: 2).adding(d2, times: -3)
        result[3] = difference
        result[4] = (d4 - d2).adding(difference, times: -2)
    }

    /// A' of F(4, 2).
    private struct OuterOutputs {
        let y0, y1, y2, y3: RegisterLanes

        @inline(__always) init<Line: LaneLine>(_ line: Line) {
            let m1 = line[1], m2 = line[2], m3 = line[3]
            let sum = m1 + m2, difference = m1 - m2
            y0 = (line[0] + sum) + m3
            y1 = difference.adding(m3, times: 2)
            y2 = sum.adding(m3, times: 4)
            y3 = (difference + line[4]).adding(m3, times: 8)
        }
    }
}
