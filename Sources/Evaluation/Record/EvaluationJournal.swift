/// Where an evaluation keeps what it has found so far.
public struct EvaluationJournal: Sendable {
    /// A folder of its own, which every rank can reach. Created if need be.
    public var directory: String
    /// What tells the model from others, such as the hash of its file.
    public var model: String
    /// What the folder holds of the same evaluation must be whole. Otherwise what is damaged is done again.
    public var resumes: Bool
    /// Begin anew, whatever the folder holds. Otherwise only what is of the same evaluation is gone on from, and
    /// another one's is left alone.
    public var replaces: Bool

    /// The folder need not be there yet.
    public init(directory: String, model: String, resumes: Bool, replaces: Bool = false) {
        self.directory = directory
        self.model = model
        self.resumes = resumes
        self.replaces = replaces
    }
}
