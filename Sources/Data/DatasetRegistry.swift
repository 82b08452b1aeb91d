import Failures

/// The datasets that a SPEC such as `digits` or `cifar10:DIR` can name.
public enum DatasetRegistry {
    enum Opener: Sendable {
        case builtIn(@Sendable () -> DatasetSplits)
        /// The folder of the official files.
        case official(@Sendable (String) throws -> DatasetSplits)
        /// Data of the user's own; `argument` is what the SPEC has to name.
        case own(argument: String, @Sendable (String, DataSelection, () -> Void) throws -> DatasetSplits)
    }

    static let openers: [(name: String, opener: Opener)] = [
        ("digits", .builtIn(Digits.splits)),
        ("toy2d", .builtIn(Toy2D.splits)),
        ("cifar10", .official(CIFAR.openCIFAR10)),
        ("cifar100", .official(CIFAR.openCIFAR100)),
        ("stl10", .official(STL10.open)),
        ("mnist", .official(IDX.openMNIST)),
        ("fashion-mnist", .official(IDX.openFashionMNIST)),
        ("folder", .own(argument: "DIR", ImageFolder.open)),
        ("npz", .own(argument: "FILE") { try LabelledArrays.open(NumPyArchive($0), $1, progress: $2) }),
        ("npy", .own(argument: "DIR") { try LabelledArrays.open(NumPyFolder($0), $1, progress: $2) }),
        ("safetensors", .own(argument: "FILE") { try LabelledArrays.open(SafetensorsArrays($0), $1, progress: $2) }),
    ]

    /// The SPECs that `open` understands, `cifar10:DIR` where a folder has to follow.
    static var knownSpecs: [String] {
        openers.map { entry in
            switch entry.opener {
            case .builtIn: entry.name
            case .official: "\(entry.name):DIR"
            case .own(let argument, _): "\(entry.name):\(argument)"
            }
        }
    }

    /// Opens and validates the dataset that `spec` names. Its content is the same in every run: what is made up is made
    /// up once.
    /// - Throws: `Failure.badInput` for an unknown name, a missing or superfluous DIR, and files that are missing or
    ///   damaged; `Failure.inputOutput` where the system refuses to read.
    public static func open(_ spec: String) throws -> DatasetSplits { try open(DataSelection(spec)) }

    /// The same for a part of its classes, or another size.
    /// - Parameter progress: called now and then, for what takes long.
    /// - Throws: `Failure.badInput` besides for classes that the data do not have.
    public static func open(_ selection: DataSelection, progress: () -> Void = {}) throws -> DatasetSplits {
        let splits = try openAll(selection, progress).resized(to: selection.size, selection.spec, progress: progress)
        return try selection.classes.map { try splits.taking(classes: $0) } ?? splits
    }

    private static func openAll(_ selection: DataSelection, _ progress: () -> Void) throws -> DatasetSplits {
        let spec = selection.spec
        let parts = spec.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let argument = parts.count == 2 ? parts[1] : nil
        let place = "data \(spec.debugDescription)"
        // A zero byte would end the path early for the system calls, and another folder would be read.
        guard !spec.utf8.contains(0), let entry = openers.first(where: { $0.name == parts[0] }) else {
            throw Failure.badInput(
                place, "unknown dataset", expected: "one of " + knownSpecs.joined(separator: ", "))
        }
        switch (entry.opener, argument) {
        case (.builtIn(let open), nil):
            return open()
        case (.builtIn, .some):
            throw Failure.badInput(place, "a folder is given for a built-in dataset", expected: "\"\(entry.name)\"")
        case (.official(let open), .some(let path)) where !path.isEmpty:
            return try open(path)
        case (.official, _):
            throw Failure.badInput(
                place, "the folder is missing", expected: "\"\(entry.name):DIR\", DIR holding the official files")
        case (.own(_, let open), .some(let path)) where !path.isEmpty:
            return try open(path, selection, progress)
        case (.own(let argument, _), _):
            throw Failure.badInput(
                place, "the \(argument == "DIR" ? "folder" : "file") is missing",
                expected: "\"\(entry.name):\(argument)\"")
        }
    }
}
