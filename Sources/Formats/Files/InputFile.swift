/// A file besides the data that every rank of a job reads. Under its path all have to find the same.
public struct InputFile: Hashable, Sendable {
    /// What a path stands for.
    public enum Meaning: Sendable {
        /// The file that the path says.
        case itself
        /// A classifier's checkpoint: the file, or of a run directory the best one by held-out images, else the newest.
        case classifier
        /// A denoiser's: the file, of a run directory the newest one, or a folder that the library diffusers saved.
        case denoiser
    }

    /// As the user wrote it.
    public let path: String
    public let meaning: Meaning

    public init(_ path: String, _ meaning: Meaning = .itself) {
        self.path = path
        self.meaning = meaning
    }
}

/// The files of a job once it is known, and the same for all ranks, what each path means: there is no other way to
/// where a checkpoint lies that somebody names.
public struct InputFiles: Sendable {
    private let chosen: [InputFile: String]

    /// Of files whose paths need no choice.
    public init(_ files: [InputFile]) { self.init(files) { $0.path } }

    /// - Parameter choose: gives the path to open.
    public init(_ files: [InputFile], choosing choose: (InputFile) throws -> String) rethrows {
        var chosen: [InputFile: String] = [:]
        for file in files where chosen[file] == nil { chosen[file] = try choose(file) }
        self.chosen = chosen
    }

    /// What is opened, in the order of the paths.
    public var paths: [String] { Set(chosen.values).sorted() }

    /// The path to open. The file must be one of those that the job was begun with.
    public subscript(file: InputFile) -> String {
        guard let path = chosen[file] else {
            preconditionFailure("InputFiles: \(file.path) was not named at the start, so ranks may differ in it")
        }
        return path
    }
}
