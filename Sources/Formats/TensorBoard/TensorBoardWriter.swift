import Failures
import Glibc

/// Writes an event file for TensorBoard. One process and one thread write one file.
///
/// The messages are `Event` and `Summary` of TensorBoard's event.proto and summary.proto
/// (https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto).
public final class TensorBoardWriter {
    private let file: FileDescriptor
    private var written = 0
    private var pending: [UInt8] = []

    /// Starts a new event file in `directory`, which is created if need be.
    ///
    /// With `resumeStep`, TensorBoard drops what earlier files of the directory hold for that step and later ones.
    /// Throws `Failure.inputOutput`.
    public init(directory: String, resumeStep: Int? = nil) throws {
        try createDirectory(directory)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        // TensorBoard reads the files in the order of their names, so a new name must sort last, even when a run is
        // resumed within the same second or on a machine whose clock is behind.
        let newest = try directoryEntries(directory).compactMap(Self.seconds).max() ?? 0
        let seconds = String(max(now.tv_sec, newest + 1))
        let padded = String(repeating: "0", count: max(0, 10 - seconds.count)) + seconds
        let path = "\(directory)/\(Self.prefix)\(padded).\(Self.hostName()).\(getpid())"
        file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, action: "create")

        let wallTime = Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
        event(wallTime: wallTime, step: nil) { $0.string(3, "brain.Event:2") }
        if let resumeStep {
            event(wallTime: wallTime, step: resumeStep) { event in
                event.message(7) { sessionLog in sessionLog.integer(1, 1) }
            }
        }
        try flush()
    }

    deinit {
        // The last chance; who needs to know of errors calls flush.
        try? flush()
    }

    /// Adds a point of the curve `tag`. `wallTime` is in seconds since 1970. Throws as `flush` does.
    public func scalar(_ tag: String, _ value: Double, step: Int, wallTime: Double) throws {
        try summary(tag, step: step, wallTime: wallTime) { $0.float(2, Float(value)) }
    }

    /// Adds an image to the series `tag`. `wallTime` is in seconds since 1970. Throws as `flush` does.
    public func image(_ tag: String, _ image: RasterImage, step: Int, wallTime: Double) throws {
        try summary(tag, step: step, wallTime: wallTime) { value in
            value.message(4) { message in
                message.integer(1, Int64(image.height))
                message.integer(2, Int64(image.width))
                message.integer(3, Int64(image.channels))
                message.data(4, image.png())
            }
        }
    }

    /// Hands everything so far to the system.
    ///
    /// Throws `Failure.inputOutput`; then the events since the last flush are dropped, and the file ends with a whole
    /// record, so that later events can still be read.
    public func flush() throws {
        guard !pending.isEmpty else { return }
        defer { pending.removeAll(keepingCapacity: true) }
        do {
            try pending.withUnsafeBytes { try file.write(all: $0) }
            written += pending.count
        } catch {
            _ = ftruncate(file.number, off_t(written))
            lseek(file.number, off_t(written), SEEK_SET)
            throw error
        }
    }

    private func summary(
        _ tag: String, step: Int, wallTime: Double, _ fill: (inout ProtobufMessage) -> Void
    ) throws {
        event(wallTime: wallTime, step: step) { event in
            event.message(5) { summary in
                summary.message(1) { value in
                    value.string(1, tag)
                    fill(&value)
                }
            }
        }
        if pending.count >= 1 << 16 { try flush() }
    }

    private func event(wallTime: Double, step: Int?, _ fill: (inout ProtobufMessage) -> Void) {
        var event = ProtobufMessage()
        event.double(1, wallTime)
        if let step { event.integer(2, Int64(step)) }
        fill(&event)
        pending += TFRecord.frame(event.bytes)
    }

    private static let prefix = "events.out.tfevents."

    /// The time in the name of an event file; nil for other files.
    private static func seconds(inName name: String) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        let digits = name.dropFirst(prefix.count).prefix { $0 != "." }
        return digits.utf8.count == 10 ? Int(digits) : nil
    }

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
