/// F(2x2, 3x3): 16 multiplications for 4 outputs instead of 36. Interpolation points 0, 1, -1, infinity.
enum WinogradTwo: WinogradScheme, WinogradPass {
    typealias Forward = Self
    typealias InputGradient = Self

    @inline(__always) static func filterLine(_ line: Int) -> Int { line }

    enum InputTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 4 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let d0 = line[0], d1 = line[1], d2 = line[2], d3 = line[3]
            result[0] = d0 - d2
            result[1] = d1 + d2
            result[2] = d2 - d1
            result[3] = d1 - d3
        }
    }

    enum OutputTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 2 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let m1 = line[1], m2 = line[2]
            result[0] = line[0] + m1 + m2
            result[1] = m1 - m2 - line[3]
        }
    }

    enum GradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 2 }
        @inline(__always) static var outputs: Int { 4 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let y0 = line[0], y1 = line[1]
            result[0] = y0
            result[1] = y0 + y1
            result[2] = y0 - y1
            result[3] = -y1
        }
    }

    enum FilterTransform: LineTransform {
        @inline(__always) static var inputs: Int { 3 }
        @inline(__always) static var outputs: Int { 4 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let g0 = line[0], g1 = line[1], g2 = line[2]
            let even = (g0 + g2) * RegisterLanes(repeating: 1 / 2), odd = g1 * RegisterLanes(repeating: 1 / 2)
            result[0] = g0
            result[1] = even + odd
            result[2] = even - odd
            result[3] = g2
        }
    }

    enum FilterGradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 3 }

        @inline(__always)
        static func apply<Line: LaneLine, Result: WritableLine>(_ line: Line, to result: inout Result) {
            let u1 = line[1], u2 = line[2]
            let even = (u1 + u2) * RegisterLanes(repeating: 1 / 2)
            result[0] = line[0] + even
            result[1] = (u1 - u2) * RegisterLanes(repeating: 1 / 2)
            result[2] = line[3] + even
        }
    }
}
