import Glibc

/// Seconds of a clock that never goes back, to take differences of.
public func monotonicSeconds() -> Double { seconds(CLOCK_MONOTONIC) }

/// Seconds since 1970.
func wallClockSeconds() -> Double { seconds(CLOCK_REALTIME) }

private func seconds(_ clock: clockid_t) -> Double {
    var now = timespec()
    clock_gettime(clock, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}
