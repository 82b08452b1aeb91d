import Data
import Distributed

/// Throws a `CommonFailure` unless all ranks have opened the same images and labels. Collective.
public func requireSameData(_ splits: DatasetSplits, over communicator: any Communicator) throws {
    var agreement = JobAgreement()
    for (name, part) in [("data", splits.train), ("test data", splits.test)] {
        agreement.add(name, String(part.fingerprint.prefix(16)), advice: "every host needs the same files")
    }
    try agreement.require(over: communicator)
}
