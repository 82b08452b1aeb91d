import Glibc

/// A directory of a test's own, removed with everything in it when nobody holds it any more. Made without any of the
/// modules under test.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() {
        var template = Array("/tmp/pag-test-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "TemporaryDirectory: the system makes none, error \(errno)")
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// The path of something in it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// What a file in it holds, nil where there is none.
    public func bytes(_ name: String) -> [UInt8]? {
        guard let file = fopen(file(name), "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    private static func remove(_ path: String) {
        if Glibc.remove(path) == 0 { return }
        guard let folder = opendir(path) else { return }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) })
        }
        closedir(folder)
        for name in names where name != "." && name != ".." { remove("\(path)/\(name)") }
        _ = Glibc.remove(path)
    }
}
