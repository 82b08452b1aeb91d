import Failures
import Formats
import Glibc

/// What a run left behind. Parts that are not there are nil or empty.
struct RunDirectory: Sendable {
    let path: String
    let configuration: ConfigurationText?
    let metrics: TrainingMetrics?
    let robustness: RobustnessFile?
    let certificates: [CertificateFile]
    let corruptions: CorruptionsFile?
    let pictures: [PictureFile]

    /// The largest `config.yaml` that is read, in bytes.
    static let largestConfiguration = 1 << 20

    /// Throws `Failure.badInput` when there is no such directory, when it holds nothing of a run, and for damaged
    /// files; `Failure.inputOutput` when the system refuses.
    init(path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else {
                throw Failure.inputOutput(path, "read its status", code: errno)
            }
            throw Failure.badInput(path, "no such directory", expected: "a run directory")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure.badInput(path, "is not a directory", expected: "a run directory")
        }
        self.path = path

        func ifPresent<Part>(_ name: String, _ read: (String) throws -> Part) throws -> Part? {
            try Self.ifPresent("\(path)/\(name)", read)
        }
        configuration = try ifPresent("config.yaml") { try Self.readConfiguration($0) }
        metrics = try ifPresent("metrics.jsonl") { try TrainingMetrics(path: $0) }
        robustness = try ifPresent("eval/robustness.json") { _ in try RobustnessFile(folder: "\(path)/eval") }
        certificates = try CertificateFile.all(of: path)
        corruptions = try ifPresent("eval/corruptions.json") { try CorruptionsFile(path: $0) }
        // Of the training, and of the evaluation, which has a folder for each of several norms.
        let norms = (robustness?.threats ?? []).count > 1 ? robustness?.threats ?? [] : []
        let places = [("pictures", nil), ("eval", nil)] + norms.map { ("eval/\($0.norm)", $0.text) }
        pictures = try places.flatMap { folder, part in
            try ifPresent("\(folder)/pictures.json") { _ in
                try PictureFile.all(directory: "\(path)/\(folder)", of: part)
            } ?? []
        }
        guard
            configuration != nil || metrics != nil || robustness != nil || corruptions != nil || !certificates.isEmpty
                || !pictures.isEmpty
        else {
            throw Failure.badInput(
                path, "holds nothing of a run",
                expected: "config.yaml, metrics.jsonl, eval/robustness.json, eval/corruptions.json, "
                    + "certificate/certificate.json or pictures/pictures.json")
        }
    }

    /// What `read` makes of a file; nil where there is none.
    static func ifPresent<Part>(_ file: String, _ read: (String) throws -> Part) throws -> Part? {
        var status = stat()
        if lstat(file, &status) != 0, errno == ENOENT || errno == ENOTDIR { return nil }
        return try read(file)
    }

    private static func readConfiguration(_ path: String) throws -> ConfigurationText {
        ConfigurationText(try FileContents.text(path, limit: largestConfiguration, words: "a configuration in YAML"))
    }

    /// Short names that tell the directories apart: the last components of their paths, as many as it takes.
    static func names(of paths: [String]) -> [String] {
        let components = paths.map { path -> [Substring] in
            let parts = path.split(separator: "/").filter { $0 != "." }
            guard parts.isEmpty || parts.last == "..", let real = realpath(path, nil) else { return parts }
            defer { free(real) }
            return String(cString: real).split(separator: "/").map { Substring($0) }
        }
        let longest = components.map(\.count).max() ?? 0
        var names: [String] = []
        for count in 1...max(1, longest) {
            names = components.map { $0.isEmpty ? "/" : $0.suffix(count).joined(separator: "/") }
            if Set(names).count == names.count { return names }
        }
        // The same directory twice.
        return names.enumerated().map { "\($1) (\($0 + 1))" }
    }
}
