import Failures
import Glibc

/// Creates a directory and those above it, as `mkdir -p` does. One that is there already is no error.
///
/// Throws `Failure.inputOutput` naming the first directory that could not be created.
public func createDirectory(_ path: String) throws {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
        prefix += prefix.isEmpty || prefix.hasSuffix("/") ? String(component) : "/\(component)"
        guard mkdir(prefix, 0o777) != 0 else { continue }
        // mkdir may say EROFS or EACCES of a directory that is there.
        let code = errno
        var status = stat()
        guard stat(prefix, &status) == 0, status.isDirectory else {
            throw Failure.inputOutput(prefix, "create the directory", code: code)
        }
    }
}

/// The folder that a path lies in: "." for a bare name, "/" for one in the root.
public func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Whether there is anything of this name.
public func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The names in a directory, without `.` and `..`, in the order of their bytes.
///
/// Throws `Failure.inputOutput` when the directory cannot be read.
public func directoryEntries(_ path: String) throws -> [String] {
    guard let directory = opendir(path) else { throw Failure.inputOutput(path, "list", code: errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
        errno = 0
        guard let entry = readdir(directory) else {
            guard errno == 0 else { throw Failure.inputOutput(path, "list", code: errno) }
            break
        }
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
