/// How many cores' time this process's group, and those around it, may take, as both versions of control groups say
/// it; nil without a limit.
func coreQuota() -> Double? {
    var smallest: Double?
    for line in systemText(of: "/proc/self/cgroup").split(separator: "\n") {
        let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { continue }
        let isUnified = parts[1].isEmpty
        guard isUnified || parts[1].split(separator: ",").contains("cpu") else { continue }
        let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/\(parts[1])"
        var path = parts[2].split(separator: "/").map(String.init)
        while true {
            let folder = ([root] + path).joined(separator: "/")
            let files = isUnified ? ["cpu.max"] : ["cpu.cfs_quota_us", "cpu.cfs_period_us"]
            let words = numbers(files.map { systemText(of: "\(folder)/\($0)") }.joined(separator: " "))
            if words.count == 2, words[0] > 0, words[1] > 0 {
                smallest = min(smallest ?? .infinity, words[0] / words[1])
            }
            if path.popLast() == nil { break }
        }
    }
    return smallest
}

private func numbers(_ text: String) -> [Double] { text.split { $0.isWhitespace }.compactMap { Double($0) } }
