import Glibc

/// How many cores' time this process's group, and those around it, may take, as both versions of control groups say
/// it; nil without a limit.
func coreQuota() -> Double? {
    var smallest: Double?
    for line in text(ofFile: "/proc/self/cgroup").split(separator: "\n") {
        let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { continue }
        let isUnified = parts[1].isEmpty
        guard isUnified || parts[1].split(separator: ",").contains("cpu") else { continue }
        let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/\(parts[1])"
        var path = parts[2].split(separator: "/").map(String.init)
        while true {
            let folder = ([root] + path).joined(separator: "/")
            let words = isUnified
                ? numbers(text(ofFile: folder + "/cpu.max"))
                : numbers(text(ofFile: folder + "/cpu.cfs_quota_us") + " " + text(ofFile: folder + "/cpu.cfs_period_us"))
            if words.count == 2, words[0] > 0, words[1] > 0 {
                smallest = min(smallest ?? .infinity, words[0] / words[1])
            }
            if path.popLast() == nil { break }
        }
    }
    return smallest
}

private func numbers(_ text: String) -> [Double] { text.split { $0.isWhitespace }.compactMap { Double($0) } }

/// The beginning of a small file of the system's; "" where there is none.
private func text(ofFile path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
}
