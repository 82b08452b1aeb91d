import Failures
import Formats
import Glibc
import TestSupport
import Testing

struct FileContentsTests {
    @Test func bytesUpToTheLimit() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("f")
        try writePlainly([1, 2, 3], to: path)
        #expect(try FileContents.read(path, limit: 3) == [1, 2, 3])
        #expect(throws: Failure(.badInput, "\(path): is too large, expected at most 2 bytes")) {
            try FileContents.read(path, limit: 2)
        }
    }

    @Test func whatIsNoFileIsRefusedAndNotWaitedFor() throws {
        let directory = TemporaryDirectory()
        let pipe = directory.file("pipe"), link = directory.file("link")
        #expect(mkfifo(pipe, 0o600) == 0 && symlink("link", link) == 0)
        #expect(throws: Failure(.badInput, "\(directory.path): is a directory, expected a file")) {
            try FileContents.read(directory.path, limit: 9)
        }
        #expect(throws: Failure(.badInput, "/dev/null: is not a regular file, expected a file")) {
            try FileContents.read("/dev/null", limit: 9)
        }
        #expect(throws: Failure(.inputOutput, "\(link): cannot open: Too many levels of symbolic links")) {
            try FileContents.read(link, limit: 9)
        }
        // Nobody writes into it: it ends at once.
        #expect(try FileContents.read(pipe, limit: 9) == [])
        #expect(throws: Failure(.badInput, "\(pipe): is not a regular file, expected a file")) {
            try MappedFile(path: pipe)
        }
    }

    /// What shells hand over for <(COMMAND).
    @Test func aPipeIsReadToItsEnd() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { close(ends[0]) }
        #expect(write(ends[1], "seed: 1\n", 8) == 8)
        close(ends[1])
        #expect(try FileContents.read("/dev/fd/\(ends[0])", limit: 8) == Array("seed: 1\n".utf8))
    }

    @Test func placesOfWhatIsNotUTF8() throws {
        func refusal(_ bytes: [UInt8]) -> String? {
            failure { _ = try bytes.withUnsafeBytes { try EditedText.decode($0, source: "f") } }?.description
        }
        #expect(refusal(Array("a\nb\nCaf".utf8) + [0xe9, 10])?.hasPrefix("f:3: byte 0xe9 is not of a text") == true)
        #expect(refusal([0xff, 0xfe, 0, 0xd8]) == "f: begins as a text in UTF-16, but is none, expected UTF-8")
        #expect(refusal([0xff, 0xfe, 97]) == "f: begins as a text in UTF-16, but is none, expected UTF-8")
        #expect(refusal(Array("a".utf8) + [0xcc])?.hasPrefix("f:1: byte 0xcc") == true)
        let marks = String(repeating: "\u{301}", count: 31)
        #expect(refusal(Array("a\(marks)".utf8)) == "f: more than 30 combining marks in a row")
        #expect(refusal(Array("a\(marks)".utf8.dropLast(2))) == nil)
    }

    @Test func jsonAsEditorsWriteIt() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("a.json")
        try writePlainly([0xef, 0xbb, 0xbf] + Array("{\"a\":\r\n1}\r\n".utf8), to: path)
        #expect(try FileContents.json(path) == ["a": 1])
        try writePlainly(Array("<!DOCTYPE html>".utf8), to: path)
        #expect(
            failure { _ = try FileContents.json(path) }?.description.hasPrefix("\(path): is a web page, expected JSON")
                == true)
    }
}
