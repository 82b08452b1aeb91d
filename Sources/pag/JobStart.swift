import Distributed
import Training

/// Makes sure, before a command's work begins, that all its ranks are about to do the same. Collective.
/// - Parameters:
///   - settings: what the command was told beyond its command line.
///   - files: those that every rank reads, but for data, which is compared once it is open.
///   - directory: where the command writes, and what it is called.
func requireOneJob(
    settings: String = "", files: [String], directory: (path: String, name: String, option: String),
    over communicator: any Communicator
) throws {
    var agreement = JobAgreement()
    agreement.addProgram()
    agreement.add("configuration", settings, advice: "every host needs the same file")
    for file in files { agreement.add(file: file) }
    try agreement.add(
        sharedDirectory: directory.path, directory.name,
        advice: "all hosts need to see one, on a file system that they share; \(directory.option) names it",
        over: communicator)
    try agreement.require(over: communicator)
}
