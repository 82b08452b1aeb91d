import Failures
import Formats
import Glibc

/// A directory of a test's own, removed with the files in it.
func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/pag-studies-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure.inputOutput("/tmp", "create a directory", code: errno) }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        for name in (try? directoryEntries(path)) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
    try body(path)
}
