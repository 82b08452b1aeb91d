import CPlatform
import Failures
import Glibc

/// Where a rank runs.
public struct MachineReport: Sendable, Equatable {
    public var rank: Int
    /// Its number among the ranks of its machine, and how many these are.
    public var nodeRank: Int
    public var nodeSize: Int
    /// The machine's name.
    public var host: String
    /// As the kernel names it.
    public var processor: String
    /// The instruction sets and other features that the kernel names.
    public var features: [String]
    /// The logical cores that this process may use.
    public var cores: [Int]
    /// The time of so many cores is all that its control group gets, nil without a limit.
    public var quota: Double?

    /// What this process finds out about itself. What cannot be found is empty.
    public init(_ communicator: some Communicator) {
        rank = communicator.rank
        nodeRank = communicator.nodeRank
        nodeSize = communicator.nodeSize
        host = hostName()
        (processor, features) = processorFacts()
        cores = allowedCores()
        quota = coreQuota()
    }

    /// Every rank's report, in rank order. Collective.
    public static func gather(_ communicator: some Communicator) throws -> [MachineReport] {
        try communicator.allGather(MachineReport(communicator).encoded()).map { try MachineReport(decoding: $0) }
    }

    /// The fields as text, separated by zeros.
    func encoded() -> [UInt8] {
        let fields = [
            "\(rank)", "\(nodeRank)", "\(nodeSize)", host, processor, features.joined(separator: " "),
            cores.map { "\($0)" }.joined(separator: " "), quota.map { "\($0)" } ?? "",
        ]
        return Array(fields.joined(separator: "\0").utf8)
    }

    init(decoding bytes: [UInt8]) throws {
        let fields = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\0", omittingEmptySubsequences: false).map { String($0) }
        guard fields.count == 8, let rank = Int(fields[0]), let nodeRank = Int(fields[1]),
            let nodeSize = Int(fields[2])
        else {
            throw Failure(.internalError, "a rank sent a machine report that cannot be read")
        }
        self.rank = rank
        self.nodeRank = nodeRank
        self.nodeSize = nodeSize
        host = fields[3]
        processor = fields[4]
        features = fields[5].split(separator: " ").map { String($0) }
        cores = fields[6].split(separator: " ").compactMap { Int($0) }
        quota = Double(fields[7])
    }
}

/// This machine's name, "?" if it has none.
public func hostName() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let base = buffer.baseAddress, gethostname(base, 255) == 0 else { return "?" }
        // A name that was cut need not end with a zero.
        base[255] = 0
        return String(cString: base)
    }
}

private func allowedCores() -> [Int] {
    var cores = [Int32](repeating: 0, count: 8192)
    let count = cplatform_allowed_cores(&cores, Int32(cores.count))
    return cores.prefix(Int(count)).map { Int($0) }
}

private func processorFacts() -> (model: String, features: [String]) {
    var model = "", features: [String] = []
    guard let file = fopen("/proc/cpuinfo", "re") else { return (model, features) }
    defer { fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, file) >= 0, let text = line {
        let parts = String(cString: text).split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { continue }
        let name = parts[0].prefix { $0 != "\t" }
        let value = parts[1].drop { $0 == " " }.prefix { $0 != "\n" }
        if name == "model name" && model.isEmpty { model = String(value) }
        if name == "flags" { features = value.split(separator: " ").map { String($0) } }
        // The first core speaks for all.
        if !model.isEmpty && !features.isEmpty { break }
    }
    return (model, features)
}
