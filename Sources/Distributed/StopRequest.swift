import CPlatform
import Failures
import Glibc

/// The wish of a user or a scheduler that the program write a checkpoint and stop.
///
/// The handler only sets a flag; saving inside a handler is not safe. The flags are the process's, one a signal. All
/// ranks must agree on it before they act: `Communicator.anyRank`.
public struct StopRequest: Sendable {
    private let signals: [Int32]

    /// Catches the signals: SIGTERM (mpirun, Slurm), SIGUSR1 (Slurm's --signal, which mpirun passes on) and SIGINT.
    public init(signals: [Int32] = [SIGTERM, SIGUSR1, SIGINT]) throws {
        self.signals = signals
        for signal in signals {
            let code = cplatform_catch(signal)
            guard code == 0 else {
                throw Failure(.internalError, "cannot catch signal \(signal): \(errorText(code))")
            }
        }
    }

    public var isPending: Bool { caught != nil }

    private var caught: Int32? { signals.first { cplatform_caught($0) != 0 } }

    /// The name of a signal that came, such as "SIGUSR1".
    public var signalName: String? {
        switch caught {
        case nil: nil
        case SIGTERM: "SIGTERM"
        case SIGUSR1: "SIGUSR1"
        case SIGINT: "SIGINT"
        case let other?: "signal \(other)"
        }
    }

    public func clear() { for signal in signals { cplatform_clear(signal) } }
}
