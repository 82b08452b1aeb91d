import Failures
import Glibc

/// How far a worker has come, in memory that it shares with the process that watches it and that outlives it.
final class SharedProgress {
    private let numbers: UnsafeMutablePointer<Int>

    init(path: String) throws {
        let file = open(path, O_RDWR | O_CREAT, 0o600)
        guard file >= 0, ftruncate(file, 16) == 0,
            let memory = mmap(nil, 16, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { throw Failure.inputOutput(path, "share", code: errno) }
        close(file)
        numbers = memory.bindMemory(to: Int.self, capacity: 2)
    }

    deinit { munmap(numbers, 16) }

    /// The number of the input that is being read.
    var input: Int {
        get { numbers[0] }
        set { numbers[0] = newValue }
    }

    /// Inputs that the reader took. Without any, or with nothing else, it is hardly tried.
    var taken: Int {
        get { numbers[1] }
        set { numbers[1] = newValue }
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
        if try readOnce(reader, reader.input(number, seed: seed), folder) { progress.taken += 1 }
        guard peakMemory() - before <= Limits.memory else {
            throw Failure(.checkFailed, "more than \(Limits.memory >> 20) MiB of memory")
        }
    }
    progress.input = inputs.upperBound
}

/// Whether the reader takes the input. Throws `checkFailed` where it throws something else than a refusal on one line.
func readOnce(_ reader: FuzzedReader, _ input: [UInt8], _ folder: Scratch) throws -> Bool {
    do {
        try reader.read(input, folder)
        return true
    } catch let failure as Failure {
        guard [.badInput, .usage, .inputOutput].contains(failure.kind) else {
            throw Failure(.checkFailed, "\(failure.kind): \(failure)")
        }
        let bytes = failure.description.utf8
        guard bytes.count <= Limits.messageBytes, !bytes.contains(where: { $0 < 0x20 }) else {
            throw Failure(
                .checkFailed,
                "a message of \(bytes.count) bytes, or of several lines: \(failure.description.prefix(300))")
        }
        return false
    } catch { throw Failure(.checkFailed, "no Failure: \(error)") }
}

/// In bytes.
func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(0), &usage)
    return usage.ru_maxrss << 10
}
