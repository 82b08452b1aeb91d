import CPlatform
import Failures
import Glibc

/// Ends all ranks within seconds because of a failure on this one. The launcher's exit code is the failure's.
public func endJob(_ failure: Failure, communicator: any Communicator) -> Never {
    guard communicator.size > 1 else {
        endProcess("pag: \(failure)", code: failure.kind.exitCode)
    }
    let everyRankFindsIt =
        switch failure.kind {
        case .usage, .badInput, .missing, .inputOutput: true
        default: false
        }
    let rank = communicator.rank, hosts = communicator.hosts, areSeveral = Set(hosts).count > 1
    if everyRankFindsIt && rank > 0 {
        // Rank 0 is about to say the same, and one line is enough. Its MPI_Abort ends this rank by SIGTERM, which
        // must no longer be taken for a wish to stop. Between hosts it takes its time.
        _ = cplatform_default(SIGTERM)
        usleep(areSeveral ? 4_000_000 : 1_500_000)
    }
    // On one host its name says nothing.
    let place = areSeveral ? "rank \(rank) on \(hosts[rank])" : "rank \(rank)"
    communicator.abort("pag: \(place): \(failure)", code: failure.kind.exitCode)
}
