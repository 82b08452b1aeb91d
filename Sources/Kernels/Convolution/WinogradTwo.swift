/// F(2x2, 3x3): 16 multiplications for 4 outputs instead of 36. Interpolation points 0, 1, -1, infinity.
enum WinogradTwo: WinogradScheme, WinogradPass {
    typealias Forward = Self
    typealias InputGradient = Self

    enum InputTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 4 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let d0 = line[0], d1 = line[1], d2 = line[2], d3 = line[3]
            store(d0 - d2, destination)
            store(d1 + d2, destination + stride)
            store(d2 - d1, destination + 2 &* stride)
            store(d1 - d3, destination + 3 &* stride)
        }
    }

    enum OutputTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 2 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let m1 = line[1], m2 = line[2]
            store(line[0] + m1 + m2, destination)
            store(m1 - m2 - line[3], destination + stride)
        }
    }

    enum GradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 2 }
        @inline(__always) static var outputs: Int { 4 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let y0 = line[0], y1 = line[1]
            store(y0, destination)
            store(y0 + y1, destination + stride)
            store(y0 - y1, destination + 2 &* stride)
            store(-y1, destination + 3 &* stride)
        }
    }

    enum FilterTransform: LineTransform {
        @inline(__always) static var inputs: Int { 3 }
        @inline(__always) static var outputs: Int { 4 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let g0 = line[0], g1 = line[1], g2 = line[2]
            let even = (g0 + g2) * RegisterLanes(repeating: 1 / 2), odd = g1 * RegisterLanes(repeating: 1 / 2)
            store(g0, destination)
            store(even + odd, destination + stride)
            store(even - odd, destination + 2 &* stride)
            store(g2, destination + 3 &* stride)
        }
    }

    enum FilterGradientTransform: LineTransform {
        @inline(__always) static var inputs: Int { 4 }
        @inline(__always) static var outputs: Int { 3 }

        @inline(__always)
        static func apply<Line: LaneLine>(_ line: Line, _ destination: Destination, _ stride: Int) {
            let u1 = line[1], u2 = line[2]
            let even = (u1 + u2) * RegisterLanes(repeating: 1 / 2)
            store(line[0] + even, destination)
            store((u1 - u2) * RegisterLanes(repeating: 1 / 2), destination + stride)
            store(line[3] + even, destination + 2 &* stride)
        }
    }
}
