import Failures
import Glibc

/// A thread that does something now and then until it is told to end.
final class BackgroundThread {
    private var thread: SystemThread?
    private let wakeUp: Int32

    /// How the thread sleeps.
    struct Pause: Sendable {
        fileprivate let stop: Int32

        /// Whether so many seconds, to the millisecond, have passed; false as soon as the thread is to end.
        func callAsFunction(_ seconds: Double) -> Bool {
            var descriptor = pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
            return poll(&descriptor, 1, Int32((seconds * 1000).rounded(.up))) <= 0
        }
    }

    /// - Throws: `Failure` if the system refuses a pipe or a thread to `what`.
    init(_ what: String, _ body: @escaping @Sendable (Pause) -> Void) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw Failure(.internalError, "\(what): cannot make a pipe: \(errorText(errno))")
        }
        let stop = ends[0]
        wakeUp = ends[1]
        thread = try SystemThread {
            body(Pause(stop: stop))
            close(stop)
        }
    }

    /// Tells the thread to end, and waits until it has. Also happens when this object is released.
    func stop() {
        guard let thread = thread.take() else { return }
        close(wakeUp)
        thread.join()
    }

    /// Waits until the thread has ended by itself.
    func join() {
        guard let thread = thread.take() else { return }
        thread.join()
        close(wakeUp)
    }

    deinit { stop() }
}
