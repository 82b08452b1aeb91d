import Failures
import Glibc

extension LockOwner {
    /// The owner that a lock's file names, nil where it names none.
    init?(of descriptor: Int32) {
        var bytes = [UInt8](repeating: 0, count: Self.maximumBytes)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        self.init(text: String(decoding: bytes.prefix(count), as: UTF8.self))
    }

    /// Why the lock at `path` is no longer this owner's, nil where it is. Opened anew, as another machine's changes are
    /// seen only then.
    func loss(of path: String) -> Failure? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        // A file that cannot be read for a moment has not been taken.
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let other = LockOwner(of: descriptor), other.token != token else { return nil }
        return Failure(.missing, "\(path): was taken over by \(other.description) while this job gave no sign of life")
    }
}

/// Whether a path still leads to an open file.
func leads(_ path: String, to descriptor: Int32) -> Bool {
    var there = stat(), here = stat()
    return stat(path, &there) == 0 && fstat(descriptor, &here) == 0
        && there.st_ino == here.st_ino && there.st_dev == here.st_dev
}
