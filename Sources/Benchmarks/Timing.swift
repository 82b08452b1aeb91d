import Glibc

/// Seconds of repeated runs.
struct Times {
    let seconds: [Double]
    var count: Int { seconds.count }
    var median: Double { seconds.sorted()[seconds.count / 2] }
    var best: Double { seconds.min() ?? 0 }
}

/// Runs `body` once to warm up and then for about `seconds`, at least three times.
func timed(seconds: Double, _ body: () -> Void) -> Times {
    body()
    var times: [Double] = []
    let start = now()
    while times.count < 3 || now() - start < seconds {
        let before = now()
        body()
        times.append(now() - before)
    }
    return Times(seconds: times)
}

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
