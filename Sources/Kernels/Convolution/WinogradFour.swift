/// F(4x4, 3x3): 36 multiplications for 16 outputs instead of 144. Interpolation points 0, 1, -1, 2, -2, infinity.
enum WinogradFour: WinogradScheme, WinogradPass {
    typealias Forward = Self
    typealias InputGradient = Self

    enum InputTransform: LineTransform {
        @inline(__always) static var inputs: Int { 6 }
        @inline(__always) static var outputs: Int { 6 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let d0 = line[0], d1 = line[1], d2 = line[2], d3 = line[3], d4 = line[4], d5 = line[5]
            let even = d4.adding(d2, times: -4), odd = d3.adding(d1, times: -4)
            let evenDifference = d4 - d2, oddDifference = d3 - d1
            store(d4.adding(d2, times: -5).adding(d0, times: 4), destination)
            store(even + odd, destination + stride)
            store(even - odd, destination + 2 &* stride)
            store(evenDifference.adding(oddDifference, times: 2), destination + 3 &* stride)
            store(evenDifference.adding(oddDifference, times: -2), destination + 4 &* stride)
            store(d5.adding(d3, times: -5).adding(d1, times: 4), destination + 5 &* stride)
        }
    }

    enum OutputTransform: LineTransform {
        @inline(__always) static var inputs: Int { 6 }
        @inline(__always) static var outputs: Int { 4 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let m1 = line[1], m2 = line[2], m3 = line[3], m4 = line[4]
            let sum1 = m1 + m2, difference1 = m1 - m2, sum2 = m3 + m4, difference2 = m3 - m4
            store((line[0] + sum1) + sum2, destination)
            store(difference1.adding(difference2, times: 2), destination + stride)
            store(sum1.adding(sum2, times: 4), destination + 2 &* stride)
            store((difference1 + line[5]).adding(difference2, times: 8), destination + 3 &* stride)
        }
    }

    enum GradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 6 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let y0 = line[0], y1 = line[1], y2 = line[2], y3 = line[3]
            let even1 = y0 + y2, odd1 = y1 + y3
            let even2 = y0.adding(y2, times: 4), odd2 = y1.adding(y3, times: 4)
            store(y0, destination)
            store(even1 + odd1, destination + stride)
            store(even1 - odd1, destination + 2 &* stride)
            store(even2.adding(odd2, times: 2), destination + 3 &* stride)
            store(even2.adding(odd2, times: -2), destination + 4 &* stride)
            store(y3, destination + 5 &* stride)
        }
    }

    enum FilterTransform: LineTransform {
        @inline(__always) static var inputs: Int { 3 }
        @inline(__always) static var outputs: Int { 6 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let g0 = line[0], g1 = line[1], g2 = line[2]
            let even1 = (g0 + g2) * RegisterLanes(repeating: -1 / 6), odd1 = g1 * RegisterLanes(repeating: 1 / 6)
            let even2 = (g0 * RegisterLanes(repeating: 1 / 24)).adding(g2, times: 1 / 6)
            let odd2 = g1 * RegisterLanes(repeating: 1 / 12)
            store(g0 * RegisterLanes(repeating: 1 / 4), destination)
            store(even1 - odd1, destination + stride)
            store(even1 + odd1, destination + 2 &* stride)
            store(even2 + odd2, destination + 3 &* stride)
            store(even2 - odd2, destination + 4 &* stride)
            store(g2, destination + 5 &* stride)
        }
    }

    enum FilterGradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 6 }
        @inline(__always) static var outputs: Int { 3 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let u1 = line[1], u2 = line[2], u3 = line[3], u4 = line[4]
            let sum1 = u1 + u2, difference1 = u1 - u2, sum2 = u3 + u4, difference2 = u3 - u4
            let first = (line[0] * RegisterLanes(repeating: 1 / 4)).adding(sum1, times: -1 / 6)
            store(first.adding(sum2, times: 1 / 24), destination)
            let second = difference2 * RegisterLanes(repeating: 1 / 12)
            store(second.adding(difference1, times: -1 / 6), destination + stride)
            store(line[5].adding(sum1, times: -1 / 6).adding(sum2, times: 1 / 6), destination + 2 &* stride)
        }
    }
}
