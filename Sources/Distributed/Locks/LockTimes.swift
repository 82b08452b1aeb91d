/// How soon jobs of different machines know of each other's end by the times of a lock's file.
public struct LockTimes: Sendable {
    /// Seconds between two signs of life.
    public var beat = 5.0
    /// Seconds without one, after which an owner of another machine counts as gone.
    public var silence = 30.0
    /// Seconds between taking such an owner's lock and looking whether another machine took it too.
    public var settling = 2.0
    public init() {}
}
