import Failures
import Glibc

/// Tries to get a lock, a step at a time, so that a job's other ranks can be told meanwhile that it goes on.
struct LockAttempt {
    private let path: String
    private let owner: LockOwner
    private let times: LockTimes
    /// What was last seen of a file whose owner another machine has, and since when it has not changed.
    private var watched: (signature: String, since: ContinuousClock.Instant)?
    /// The owner that is watched for signs of life.
    private(set) var suspect: LockOwner?

    init(path: String, task: String, times: LockTimes) {
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
        guard leads(path, to: descriptor) else { return nil }
        var isOthers = false
        if !isNew {
            let last = LockOwner(of: descriptor)
            let isGone = last.map { isLocked ? $0.isOfThisMachine : $0.hasEnded } ?? false
            if !isGone {
                guard try hasFallenSilent(descriptor, last) else { return nil }
                isOthers = true
            }
        }
        try write(descriptor)
        if isOthers {
            usleep(UInt32(times.settling * 1e6))
            if let failure = owner.loss(of: path) { throw failure }
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
            found = LockOwner(of: descriptor)
            if let found, !found.hasEnded { break }
            usleep(20_000)
        }
        return found
    }

    private func inUse(_ owner: LockOwner?) -> Failure {
        Failure(.missing, "is in use by \(owner?.description ?? "another job")")
    }
}
