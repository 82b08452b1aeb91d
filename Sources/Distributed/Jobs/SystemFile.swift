import Glibc

/// The beginning of a small file of the system's, such as those in /proc; "" where there is none.
func systemText(of path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
}

/// Its first line.
func firstSystemLine(of path: String) -> String { String(systemText(of: path).prefix { $0 != "\n" }) }
