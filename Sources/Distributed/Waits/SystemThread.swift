import Failures
import Glibc

/// A thread that is joined exactly once.
struct SystemThread: ~Copyable {
    private let handle: pthread_t

    /// Runs `body` on a new thread with every signal blocked: signals are the main thread's affair, and a blocking
    /// system call of another thread would be woken in its place.
    init(_ body: @escaping @Sendable () -> Void) throws {
        let box = Unmanaged.passRetained(Body(body))
        var all = sigset_t(), before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { argument in
                // The argument is the box that the caller passes below, and nothing else.
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw Failure(.internalError, "cannot start a thread: \(errorText(code))")
        }
        self.handle = handle
    }

    consuming func join() { pthread_join(handle, nil) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
