/// F(4x4, 3x3) with stride 2: 81 multiplications for 16 outputs instead of 144.
///
/// Along a line, output i is w0 x[2i-1] + w1 x[2i] + w2 x[2i+1]. The outer taps are a filter of length two, stride 1, over
/// every other pixel: F(4, 2), interpolation points 0, 1, -1, 2, infinity, five products. The middle tap remains a
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
            static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
                storeOuter(line[0], line[2], line[4], line[6], line[8], destination, stride)
                storeMiddle(line[1], line[3], line[5], line[7], destination, stride)
            }
        }

        enum OutputTransform: LineTransform {
            @inline(__always) static var inputs: Int { 9 }
            @inline(__always) static var outputs: Int { 4 }

            @inline(__always)
            static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
                let outer = OuterOutputs(line)
                store(outer.y0 + line[5], destination)
                store(outer.y1 + line[6], destination + stride)
                store(outer.y2 + line[7], destination + 2 &* stride)
                store(outer.y3 + line[8], destination + 3 &* stride)
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
            static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
                let d0 = line[0], d1 = line[1], d2 = line[2], d3 = line[3]
                storeOuter(d0, d1, d2, d3, line[4], destination, stride)
                storeMiddle(d0, d1, d2, d3, destination, stride)
            }
        }

        enum OutputTransform: LineTransform {
            @inline(__always) static var inputs: Int { 9 }
            @inline(__always) static var outputs: Int { 8 }

            @inline(__always)
            static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
                let outer = OuterOutputs(line)
                store(line[5], destination)
                store(outer.y0, destination + stride)
                store(line[6], destination + 2 &* stride)
                store(outer.y1, destination + 3 &* stride)
                store(line[7], destination + 4 &* stride)
                store(outer.y2, destination + 5 &* stride)
                store(line[8], destination + 6 &* stride)
                store(outer.y3, destination + 7 &* stride)
            }
        }
    }

    enum GradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 9 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let y0 = line[0], y1 = line[1], y2 = line[2], y3 = line[3]
            let even = y0 + y2, odd = y1 + y3
            store(y0, destination)
            store(even + odd, destination + stride)
            store(even - odd, destination + 2 &* stride)
            store(y0.adding(y2, times: 4).adding(y1.adding(y3, times: 4), times: 2), destination + 3 &* stride)
            store(y3, destination + 4 &* stride)
            storeMiddle(y0, y1, y2, y3, destination, stride)
        }
    }

    enum FilterTransform: LineTransform {
        @inline(__always) static var inputs: Int { 3 }
        @inline(__always) static var outputs: Int { 6 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let g0 = line[0], g2 = line[2]
            store(g0 * RegisterLanes(repeating: 1 / 2), destination)
            store((g0 + g2) * RegisterLanes(repeating: -1 / 2), destination + stride)
            store((g2 - g0) * RegisterLanes(repeating: 1 / 6), destination + 2 &* stride)
            store(g0.adding(g2, times: 2) * RegisterLanes(repeating: 1 / 6), destination + 3 &* stride)
            store(g2, destination + 4 &* stride)
            store(line[1], destination + 5 &* stride)
        }
    }

    enum FilterGradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 6 }
        @inline(__always) static var outputs: Int { 3 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let u1 = line[1], u2 = line[2], u3 = line[3]
            let halves = (line[0] - u1) * RegisterLanes(repeating: 1 / 2)
            store(halves.adding(u3 - u2, times: 1 / 6), destination)
            store(line[5], destination + stride)
            let rest = line[4].adding(u1, times: -1 / 2).adding(u2, times: 1 / 6)
            store(rest.adding(u3, times: 1 / 3), destination + 2 &* stride)
        }
    }

    /// The middle tap's four products, one an output.
    @inline(__always)
    private static func storeMiddle(
        _ d0: RegisterLanes, _ d1: RegisterLanes, _ d2: RegisterLanes, _ d3: RegisterLanes,
        _ destination: Destination, _ stride: Int
    ) {
        store(d0, destination + 5 &* stride)
        store(d1, destination + 6 &* stride)
        store(d2, destination + 7 &* stride)
        store(d3, destination + 8 &* stride)
    }

    /// The outer taps' five products: B' of F(4, 2).
    @inline(__always)
    private static func storeOuter(
        _ d0: RegisterLanes, _ d1: RegisterLanes, _ d2: RegisterLanes, _ d3: RegisterLanes, _ d4: RegisterLanes,
        _ destination: Destination, _ stride: Int
    ) {
        let difference = d3 - d1, lower = d2 - d0
        store(difference.adding(lower, times: -2), destination)
        store(difference - (d1 + d2), destination + stride)
        store(d3.adding(d1, times: 2).adding(d2, times: -3), destination + 2 &* stride)
        store(difference, destination + 3 &* stride)
        store((d4 - d2).adding(difference, times: -2), destination + 4 &* stride)
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
