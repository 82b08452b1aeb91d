/// Where an evaluation keeps what it has found so far.
public struct EvaluationJournal: Sendable {
    /// A folder of its own, which every rank can reach. Created if need be.
    public var directory: String
    /// What tells the model from others, such as the hash of its file.
    public var model: String
    /// Go on from what the folder holds. Without this it is emptied.
    public var resumes: Bool

    public init(directory: String, model: String, resumes: Bool) {
        self.directory = directory
        self.model = model
        self.resumes = resumes
    }
}
