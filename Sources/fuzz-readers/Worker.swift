import Failures
import Glibc

/// How far a worker has come, in memory that it shares with the process that watches it and that outlives it.
final class SharedProgress {
    /// The input that is being read.
    private let number: UnsafeMutablePointer<Int>

    init(path: String) throws {
        let file = open(path, O_RDWR | O_CREAT, 0o600)
        guard file >= 0, ftruncate(file, 8) == 0,
            let memory = mmap(nil, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { throw Failure.inputOutput(path, "share", code: errno) }
        close(file)
        number = memory.bindMemory(to: Int.self, capacity: 1)
    }

    deinit { munmap(number, 8) }

    var input: Int {
        get { number.pointee }
        set { number.pointee = newValue }
    }
}

/// What a reader may do to one input.
enum Limits {
    static let seconds = 20
    static let memory = 3 << 29
    static let messageBytes = 8_192
}

/// Reads inputs one after the other and ends by a signal, or with a word, at the first that does what it may not.
func work(_ reader: FuzzedReader, seed: UInt64, inputs: Range<Int>, _ progress: SharedProgress) throws {
    let folder = try Scratch()
    let before = peakMemory(), bound = rlim_t(before + Limits.memory)
    // An allocation beyond it fails, which ends the worker.
    var limit = rlimit(rlim_cur: bound, rlim_max: bound)
    setrlimit(__rlimit_resource_t(2), &limit)
    for number in inputs {
        progress.input = number
        try readOnce(reader, reader.input(number, seed: seed), folder)
        guard peakMemory() - before <= Limits.memory else {
            throw Failure(.checkFailed, "more than \(Limits.memory >> 20) MiB of memory")
        }
    }
    progress.input = inputs.upperBound
}

/// Throws `checkFailed` where the reader throws something else than a refusal on one line.
func readOnce(_ reader: FuzzedReader, _ input: [UInt8], _ folder: Scratch) throws {
    do { try reader.read(input, folder) } catch let failure as Failure {
        guard [.badInput, .usage, .inputOutput].contains(failure.kind) else {
            throw Failure(.checkFailed, "\(failure.kind): \(failure)")
        }
        let bytes = failure.description.utf8
        guard bytes.count <= Limits.messageBytes, !bytes.contains(where: { $0 < 0x20 }) else {
            throw Failure(.checkFailed, "a message of \(bytes.count) bytes, or of several lines: \(failure.description.prefix(300))")
        }
    } catch { throw Failure(.checkFailed, "no Failure: \(error)") }
}

/// In bytes.
func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(0), &usage)
    return usage.ru_maxrss << 10
}

func unlinkFile(_ path: String) { unlink(path) }
