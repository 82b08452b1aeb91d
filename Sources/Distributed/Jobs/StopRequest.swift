import CPlatform
import Failures
import Glibc

/// The wish of a user or a scheduler that the program write a checkpoint and stop.
///
/// The handler only sets a flag; saving inside a handler is not safe. The flags are the process's, one a signal. All
/// ranks must agree on it before they act: `Communicator.anyRank`.
public struct StopRequest: Sendable {
    private let signals: [Int32]

    /// What schedulers send some time before they end a job: SIGTERM, SIGUSR1 and SIGUSR2 (which mpirun and srun pass
    /// on), or SIGHUP, which is also a terminal that closes.
    public static let schedulerSignals = [SIGTERM, SIGUSR1, SIGUSR2, SIGHUP]

    /// Catches the signals, by default a scheduler's and an interrupt from the terminal.
    public init(signals: [Int32] = schedulerSignals + [SIGINT]) throws {
        self.signals = signals
        for signal in signals {
            let code = cplatform_catch(signal)
            guard code == 0 else {
                throw Failure(.internalError, "cannot catch signal \(signal): \(errorText(code))")
            }
        }
    }

    /// Whether one of the signals has come to this process.
    public var isPending: Bool { caught != nil }

    private var caught: Int32? { signals.first { cplatform_caught($0) != 0 } }

    /// The name of a signal that came, such as "SIGUSR1".
    public var signalName: String? {
        switch caught {
        case nil: nil
        case SIGTERM: "SIGTERM"
        case SIGUSR1: "SIGUSR1"
        case SIGUSR2: "SIGUSR2"
        case SIGHUP: "SIGHUP"
        case SIGINT: "SIGINT"
        case let other?: "signal \(other)"
        }
    }

    /// Forgets the signals that have come.
    public func clear() { for signal in signals { cplatform_clear(signal) } }
}
