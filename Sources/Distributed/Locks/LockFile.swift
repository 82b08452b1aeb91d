import Failures
import Glibc

/// A file that one job at a time holds: the right to write where it lies. It lives as long as the job, and no longer.
///
/// Two things keep others away. The kernel's own lock (`flock`) is given back however a process ends; it works among
/// the processes of a machine, and on many shared file systems among machines. Where it does not, the owner named in
/// the file shows that it is alive: it sets the file's time of change every few seconds, and another machine's job
/// takes the file only after it has watched it unchanged for `JobLock.Times.silence`. A job that comes back, from a
/// suspension say, to find its file taken ends at once.
final class LockFile {
    private let path: String
    private let descriptor: Int32
    private let owner: LockOwner
    private let times: JobLock.Times
    private var thread: BackgroundThread?

    fileprivate init(path: String, descriptor: Int32, owner: LockOwner, times: JobLock.Times) {
        self.path = path
        self.descriptor = descriptor
        self.owner = owner
        self.times = times
    }

    /// Shows others from now on that this process is alive, and ends it if another one has taken the file.
    func startBeating() throws {
        thread = try BackgroundThread("lock") { [path, descriptor, owner, times] pause in
            while pause(times.beat) {
                if let failure = loss(path, owner) { leave(failure) }
                // Where the system refuses, the kernel's lock is still there.
                futimens(descriptor, nil)
            }
        }
    }

    /// Throws `missing` where another job has taken the file.
    func check() throws {
        if let failure = loss(path, owner) { throw failure }
    }

    /// Gives the file up, wherever it is by now.
    func release(movedTo newPath: String? = nil) {
        thread?.stop()
        let path = newPath ?? path
        // First the name, while the lock keeps others from taking the file.
        if names(path, descriptor) { unlink(path) }
        close(descriptor)
    }
}

/// Tries to get a lock, a step at a time, so that a job's other ranks can be told meanwhile that it goes on.
struct LockAttempt {
    private let path: String
    private let owner: LockOwner
    private let times: JobLock.Times
    /// What was last seen of a file whose owner another machine has, and since when it has not changed.
    private var watched: (signature: String, since: ContinuousClock.Instant)?
    /// The owner that is watched for signs of life.
    private(set) var suspect: LockOwner?

    init(path: String, task: String, times: JobLock.Times) {
        self.path = path
        owner = LockOwner(task: task)
        self.times = times
    }

    /// The lock, or nil where the next step may know more. Throws `missing` where another job holds it, and
    /// `inputOutput`.
    mutating func step() throws -> LockFile? {
        var descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        let isNew = descriptor >= 0
        if !isNew {
            guard errno == EEXIST else { throw Failure.inputOutput(path, "create", code: errno) }
            descriptor = open(path, O_RDWR | O_CLOEXEC)
            if descriptor < 0, errno == ENOENT { return nil }
            guard descriptor >= 0 else { throw Failure.inputOutput(path, "open", code: errno) }
        }
        var keeps = false
        defer { if !keeps { close(descriptor) } }
        let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        if !isLocked, errno == EWOULDBLOCK { throw inUse(present(descriptor)) }
        // Its last owner may have given it up between the two calls above.
        guard names(path, descriptor) else { return nil }
        var isOthers = false
        if !isNew {
            let last = read(descriptor)
            let isGone = last.map { isLocked ? $0.isOfThisMachine : $0.hasEnded } ?? false
            if !isGone {
                guard try hasFallenSilent(descriptor, last) else { return nil }
                isOthers = true
            }
        }
        try write(descriptor)
        if isOthers {
            usleep(UInt32(times.settling * 1e6))
            if let failure = loss(path, owner) { throw failure }
        }
        keeps = true
        return LockFile(path: path, descriptor: descriptor, owner: owner, times: times)
    }

    /// Waits a little. Throws once there is a sign of life.
    private mutating func hasFallenSilent(_ descriptor: Int32, _ last: LockOwner?) throws -> Bool {
        var status = stat()
        fstat(descriptor, &status)
        let signature = "\(status.st_ino) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec) \(last?.token ?? "")"
        suspect = last
        guard let watched else {
            watched = (signature, .now)
            usleep(UInt32(min(1, times.silence / 4) * 1e6))
            return false
        }
        guard watched.signature == signature else { throw inUse(last) }
        if ContinuousClock.now - watched.since >= .seconds(times.silence) { return true }
        usleep(UInt32(min(1, times.silence / 4) * 1e6))
        return false
    }

    private func write(_ descriptor: Int32) throws {
        let bytes = Array(owner.text.utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count,
            fsync(descriptor) == 0
        else { throw Failure.inputOutput(path, "write", code: errno) }
    }

    /// The owner of a file that is locked; it may just be writing its name.
    private func present(_ descriptor: Int32) -> LockOwner? {
        var found: LockOwner?
        for _ in 0..<20 {
            found = read(descriptor)
            if let found, !found.hasEnded { break }
            usleep(20_000)
        }
        return found
    }

    private func inUse(_ owner: LockOwner?) -> Failure {
        Failure(.missing, "is in use by \(owner?.description ?? "another job")")
    }
}

/// Whether a path still leads to an open file.
private func names(_ path: String, _ descriptor: Int32) -> Bool {
    var there = stat(), here = stat()
    return stat(path, &there) == 0 && fstat(descriptor, &here) == 0
        && there.st_ino == here.st_ino && there.st_dev == here.st_dev
}

private func read(_ descriptor: Int32) -> LockOwner? {
    var bytes = [UInt8](repeating: 0, count: LockOwner.maximumBytes)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    return count > 0 ? LockOwner(text: String(decoding: bytes.prefix(count), as: UTF8.self)) : nil
}

/// Why a lock is no longer its owner's, nil where it is. Opened anew, as another machine's changes are seen only then.
private func loss(_ path: String, _ owner: LockOwner) -> Failure? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    // A file that cannot be read for a moment has not been taken.
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard let other = read(descriptor), other.token != owner.token else { return nil }
    return Failure(.missing, "\(path): was taken over by \(other.description) while this job gave no sign of life")
}
