/// Where windows lie in images [H, W]: for convolutions by channel, and for pools.
public struct WindowGrid: Sendable, Hashable {
    /// Along one axis.
    public struct Axis: Sendable, Hashable {
        /// Pixels of the image, and of a window.
        public let extent, window: Int
        /// Pixels from a window to the next, and between neighbours in one.
        public let stride, dilation: Int
        /// Pixels of padding before the image and after it.
        public let before, after: Int

        public init(extent: Int, window: Int, stride: Int = 1, dilation: Int = 1, before: Int = 0, after: Int = 0) {
            self.extent = extent
            self.window = window
            self.stride = stride
            self.dilation = dilation
            self.before = before
            self.after = after
        }

        /// Pixels from a window's first to its last, and one more.
        public var reach: Int { (window - 1) * dilation + 1 }
        /// Windows; not positive where none fits.
        public var windows: Int { (extent + before + after - reach) / stride + 1 }
        /// Whether there are windows, and every one has a pixel of the image.
        public var isCovered: Bool { windows > 0 && (0..<windows).allSatisfy { !taps(of: $0).isEmpty } }
        /// The pixel of place `tap` in a window, which may be one of padding.
        @inline(__always) func pixel(_ window: Int, _ tap: Int) -> Int { window &* stride &- before &+ tap &* dilation }
        /// The places of a window that lie in the image.
        @inline(__always) func taps(of index: Int) -> Range<Int> {
            let start = pixel(index, 0)
            let first = start >= 0 ? 0 : (-start &+ dilation &- 1) / dilation
            let last = start >= extent ? 0 : min(window, (extent &- start &+ dilation &- 1) / dilation)
            return first..<max(first, last)
        }
        /// The window that has a pixel at a place, if there is one.
        @inline(__always) func window(with pixel: Int, at tap: Int) -> Int? {
            let distance = pixel &+ before &- tap &* dilation
            guard distance >= 0, distance % stride == 0, distance / stride < windows else { return nil }
            return distance / stride
        }
    }

    public let rows, columns: Axis
    public init(rows: Axis, columns: Axis) {
        self.rows = rows
        self.columns = columns
    }

    /// Places of a window.
    public var taps: Int { rows.window * columns.window }
}
