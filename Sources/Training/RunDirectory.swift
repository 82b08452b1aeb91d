import Failures
import Formats
import Glibc

/// Throws `usage` where the run's configuration would replace one that somebody else put there.
func requireNoOtherConfiguration(_ directory: String) throws {
    let path = directory + "/config.yaml"
    guard access(path, F_OK) == 0, access(directory + "/metrics.jsonl", F_OK) != 0,
        access(directory + "/checkpoints", F_OK) != 0
    else { return }
    throw Failure(
        .usage, "\(path): is there already, but no run that it would be of, and the run's own would replace it; choose "
            + "another --run-dir")
}

/// Moves an existing run out of the way, so that starting anew loses nothing: `DIR` becomes `DIR.1`, `DIR.2`, ...
/// Returns its new name, nil where there was none.
func setAside(_ directory: String) throws -> String? {
    guard access(directory + "/metrics.jsonl", F_OK) == 0 || access(directory + "/checkpoints", F_OK) == 0 else {
        return nil
    }
    var number = 1
    while access("\(directory).\(number)", F_OK) == 0 { number += 1 }
    guard rename(directory, "\(directory).\(number)") == 0 else {
        throw Failure.inputOutput(directory, "move the earlier run aside", code: errno)
    }
    return "\(directory).\(number)"
}
