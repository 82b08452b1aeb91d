import CPlatform
import Glibc

/// This process's view of memory that other processes of the machine may see, too.
final class SharedMemory {
    let base: UnsafeMutableRawPointer
    let bytes: Int
    /// What others find it by; only while `isOpen`.
    let file: Int32
    private var isOpen: Bool

    /// Fresh memory of zeros; nil if the system does not give it.
    init?(bytes: Int) {
        var file: Int32 = -1
        var memory: UnsafeMutableRawPointer?
        guard cplatform_share(bytes, &file, &memory) == 0, let memory else { return nil }
        (base, self.bytes, self.file, isOpen) = (memory, bytes, file, true)
    }

    /// The open memory of a process; nil if the system does not let this one see it.
    init?(of process: Int32, file: Int32, bytes: Int) {
        var memory: UnsafeMutableRawPointer?
        guard cplatform_map_shared(process, file, bytes, &memory) == 0, let memory else { return nil }
        (base, self.bytes, self.file, isOpen) = (memory, bytes, file, false)
    }

    /// No process can find it any more; those that have found it keep it.
    func closeToOthers() {
        if isOpen { close(file) }
        isOpen = false
    }

    deinit {
        closeToOthers()
        cplatform_unmap(base, bytes)
    }
}
