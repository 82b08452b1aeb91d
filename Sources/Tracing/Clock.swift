import Glibc

/// Seconds of a clock that never goes back, to take differences of.
public func monotonicSeconds() -> Double { seconds(monotonic()) }

/// Seconds that processors have worked for this process.
public func processorTimeSeconds() -> Double { seconds(time(CLOCK_PROCESS_CPUTIME_ID)) }

/// The same of this thread.
public func threadTimeSeconds() -> Double { seconds(time(CLOCK_THREAD_CPUTIME_ID)) }

/// Seconds since 1970.
public func wallClockSeconds() -> Double { seconds(time(CLOCK_REALTIME)) }

func monotonicNanoseconds() -> UInt64 {
    let now = monotonic()
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

private func monotonic() -> timespec { time(CLOCK_MONOTONIC) }

private func time(_ clock: clockid_t) -> timespec {
    var now = timespec()
    clock_gettime(clock, &now)
    return now
}

private func seconds(_ time: timespec) -> Double { Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9 }
