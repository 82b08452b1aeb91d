import CPlatform
import Failures
import Glibc

/// The wish of a user or a scheduler that the program write a checkpoint and stop.
///
/// The handler only sets a flag; saving inside a handler is not safe. The flag is the process's, so there should be
/// one of these. All ranks must agree on it before they act: `Communicator.anyRank`.
public struct StopRequest: Sendable {
    /// Catches the signals: SIGTERM (mpirun, Slurm), SIGUSR1 (Slurm's --signal, which mpirun passes on) and SIGINT.
    public init(signals: [Int32] = [SIGTERM, SIGUSR1, SIGINT]) throws {
        for signal in signals {
            let code = cplatform_catch(signal)
            guard code == 0 else {
                throw Failure(.internalError, "cannot catch signal \(signal): \(errorText(code))")
            }
        }
    }

    public var isPending: Bool { cplatform_caught() != 0 }

    /// The name of the last signal, such as "SIGUSR1".
    public var signalName: String? {
        switch cplatform_caught() {
        case 0: nil
        case SIGTERM: "SIGTERM"
        case SIGUSR1: "SIGUSR1"
        case SIGINT: "SIGINT"
        case let other: "signal \(other)"
        }
    }

    public func clear() { cplatform_clear() }
}
