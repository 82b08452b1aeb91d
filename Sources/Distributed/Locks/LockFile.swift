import Failures
import Glibc

/// A file that one job at a time holds: the right to write where it lies. It lives as long as the job, and no longer.
///
/// Two things keep others away. The kernel's own lock (`flock`) is given back however a process ends; it works among
/// the processes of a machine, and on many shared file systems among machines. Where it does not, the owner named in
/// the file shows that it is alive: it sets the file's time of change every few seconds, and another machine's job
/// takes the file only after it has watched it unchanged for `LockTimes.silence`. A job that comes back, from a
/// suspension say, to find its file taken ends at once.
final class LockFile {
    private let path: String
    private let descriptor: Int32
    private let owner: LockOwner
    private let times: LockTimes
    private var thread: BackgroundThread?

    init(path: String, descriptor: Int32, owner: LockOwner, times: LockTimes) {
        self.path = path
        self.descriptor = descriptor
        self.owner = owner
        self.times = times
    }

    /// Shows others from now on that this process is alive, and ends it if another one has taken the file.
    func startBeating() throws {
        thread = try BackgroundThread("lock") { [path, descriptor, owner, times] pause in
            while pause(times.beat) {
                if let failure = owner.loss(of: path) { leave(failure) }
                // Where the system refuses, the kernel's lock is still there.
                futimens(descriptor, nil)
            }
        }
    }

    /// Throws `missing` where another job has taken the file.
    func check() throws {
        if let failure = owner.loss(of: path) { throw failure }
    }

    /// Gives the file up, wherever it is by now.
    func release(movedTo newPath: String? = nil) {
        thread?.stop()
        let path = newPath ?? path
        // First the name, while the lock keeps others from taking the file.
        if leads(path, to: descriptor) { unlink(path) }
        close(descriptor)
    }
}
