import Failures
import Formats
import Glibc
import Reporting
import TestSupport

/// A folder of run directories that is removed when the test is over.
final class RunFixture {
    private let folder = TemporaryDirectory()
    var path: String { folder.path }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, bytes: Array(text.utf8))
    }

    @discardableResult
    func write(_ name: String, bytes: [UInt8]) throws -> String {
        let file = "\(path)/\(name)"
        let folder = file[..<(file.lastIndex(of: "/") ?? file.endIndex)]
        try createDirectory(String(folder))
        try AtomicFile.write(bytes, to: file)
        return file
    }

    /// Without the care for the disk that takes most of the time of `write`.
    func overwrite(_ name: String, _ bytes: [UInt8]) throws {
        guard let file = fopen("\(path)/\(name)", "w") else { throw Failure.inputOutput(name, "open", code: errno) }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    func report(_ names: String...) throws -> Report {
        try Report(runDirectories: names.map { "\(path)/\($0)" })
    }

    /// An evaluation with one attack, PGD of 20 steps.
    func evaluation(
        _ run: String, robust: Double, clean: Double = 0.95, epsilon: Double = 0.5, samples: Int = 1000,
        attack: String = "pgd", more: String = ""
    ) throws {
        try write(
            "\(run)/eval/robustness.json",
            """
            {"model": "best.safetensors", "dataset": "digits", "samples": \(samples), "seed": 1, "ranks": 2,
             "clean_acc": \(clean), "threat": {"norm": "l2", "epsilon": \(epsilon)},
             "attacks": [{"name": "\(attack)", "steps": 20, "robust_acc": \(robust), "seconds": 1.5}],
             "robust_acc": \(robust)\(more)}
            """)
    }

    func configuration(_ run: String, loss: String, rate: Double = 0.05) throws {
        let alignment = loss == "pag" ? "  alignment:\n    weight: 1.0\n" : ""
        try write(
            "\(run)/config.yaml",
            "task: classifier\nloss:\n  kind: \(loss)\n\(alignment)train:\n  optimizer:\n    lr: \(rate)\n")
    }
}

extension String {
    /// Numbers and units are joined by no-break spaces.
    var withPlainSpaces: String { String(map { $0 == "\u{a0}" ? " " : $0 }) }

    func count(of part: String) -> Int {
        var count = 0
        var rest = utf8[...]
        let wanted = Array(part.utf8)
        while !rest.isEmpty {
            if rest.starts(with: wanted) {
                count += 1
                rest = rest.dropFirst(wanted.count)
            } else {
                rest = rest.dropFirst()
            }
        }
        return count
    }
}
