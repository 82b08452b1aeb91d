import Failures

/// The datasets that a SPEC such as `digits` or `cifar10:DIR` can name.
public enum DatasetRegistry {
    enum Opener: Sendable {
        case builtIn(@Sendable () -> DatasetSplits)
        case directory(@Sendable (String) throws -> DatasetSplits)
    }

    static let openers: [(name: String, opener: Opener)] = [
        ("digits", .builtIn(Digits.splits)),
        ("toy2d", .builtIn(Toy2D.splits)),
        ("cifar10", .directory(CIFAR.openCIFAR10)),
        ("cifar100", .directory(CIFAR.openCIFAR100)),
        ("stl10", .directory(STL10.open)),
        ("mnist", .directory(IDX.openMNIST)),
        ("fashion-mnist", .directory(IDX.openFashionMNIST)),
    ]

    /// The SPECs that `open` understands, `cifar10:DIR` where a folder has to follow.
    public static var knownSpecs: [String] {
        openers.map { entry in
            switch entry.opener {
            case .builtIn: entry.name
            case .directory: "\(entry.name):DIR"
            }
        }
    }

    /// Opens and validates the dataset that `spec` names.
    ///
    /// `seed` is the run's. No dataset of the list depends on it: their content is the same in every run.
    /// - Throws: `Failure.badInput` for an unknown name, a missing or superfluous DIR, and files that are missing or
    ///   damaged; `Failure.inputOutput` where the system refuses to read.
    public static func open(_ spec: String, seed: UInt64) throws -> DatasetSplits {
        let parts = spec.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let directory = parts.count == 2 ? parts[1] : nil
        let place = "data \(spec.debugDescription)"
        // A zero byte would end the path early for the system calls, and another folder would be read.
        guard !spec.utf8.contains(0), let entry = openers.first(where: { $0.name == parts[0] }) else {
            throw Failure.badInput(
                place, "unknown dataset", expected: "one of " + knownSpecs.joined(separator: ", "))
        }
        switch (entry.opener, directory) {
        case (.builtIn(let open), nil):
            return open()
        case (.builtIn, .some):
            throw Failure.badInput(place, "a folder is given for a built-in dataset", expected: "\"\(entry.name)\"")
        case (.directory(let open), .some(let path)) where !path.isEmpty:
            return try open(path)
        case (.directory, _):
            throw Failure.badInput(
                place, "the folder is missing", expected: "\"\(entry.name):DIR\", DIR holding the official files")
        }
    }
}
