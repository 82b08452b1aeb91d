import Failures
import Formats
import Glibc
import TestSupport
import Testing

/// A file that another process shortens while it is mapped.
@Suite struct ShortenedFileTests {
    @Test func itIsNamedAndTheProcessEnds() async throws {
        let result = await #expect(processExitsWith: .exitCode(74), observing: [\.standardErrorContent]) {
            let directory = TemporaryDirectory()
            let path = directory.file("shortened")
            try writePlainly([UInt8](repeating: 1, count: 100_000), to: path)
            let file = try MappedFile(path: path)
            truncate(path, 10)
            precondition(withExtendedLifetime(file) { file.bytes.reduce(0) { $0 + Int($1) } } >= 0)
        }
        let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(said.hasPrefix("pag: /tmp/") && said.hasSuffix("/shortened: was shortened while it was being read\n"))
    }
}

@Suite struct FileTests {
    @Test func mapping() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("a")
        try writePlainly(Array("contents".utf8), to: path)
        let file = try MappedFile(path: path)
        #expect(Array(file.bytes) == Array("contents".utf8))
        try writePlainly([], to: directory.file("empty"))
        #expect(try MappedFile(path: directory.file("empty")).bytes.isEmpty)
    }

    @Test func whatCannotBeMapped() throws {
        let directory = TemporaryDirectory()
        let missing = directory.file("none")
        #expect(failure { _ = try MappedFile(path: missing) } == Failure(.badInput, "\(missing): no such file"))
        #expect(
            failure { _ = try MappedFile(path: directory.path) }
                == Failure(.badInput, "\(directory.path): is a directory, expected a file"))
        let fifo = directory.file("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(
            failure { _ = try MappedFile(path: fifo) }
                == Failure(.badInput, "\(fifo): is not a regular file, expected a file"))
        #expect(failure { _ = try MappedFile(path: "/dev/zero") }?.kind == .badInput)
    }

    @Test func atomicWriteCreatesAndReplaces() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("a")
        for text in ["first", "second, longer", ""] {
            try AtomicFile.write(text, to: path)
            #expect(try readPlainly(path) == Array(text.utf8))
        }
        try AtomicFile.write(to: path) { sink in
            for i in 0..<100 { try sink.write([UInt8](repeating: UInt8(i), count: 1000)) }
        }
        #expect(try readPlainly(path) == (0..<100).flatMap { [UInt8](repeating: UInt8($0), count: 1000) })
        #expect(try directoryEntries(directory.path) == ["a"])
    }

    @Test func failedAtomicWriteLeavesTheOldFileAlone() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("a")
        try AtomicFile.write("old", to: path)
        let stop = Failure(.internalError, "stop")
        var namesMeanwhile: [String] = []
        let thrown = failure {
            try AtomicFile.write(to: path) { sink in
                try sink.write("half")
                namesMeanwhile = try directoryEntries(directory.path)
                throw stop
            }
        }
        #expect(thrown == stop)
        #expect(namesMeanwhile == [".a.tmp-\(getpid())", "a"])
        #expect(AtomicFile.isTemporary(namesMeanwhile[0]) && !AtomicFile.isTemporary("a"))
        #expect(try directoryEntries(directory.path) == ["a"])
        #expect(try readPlainly(path) == Array("old".utf8))
    }

    @Test func atomicWriteSaysWhatIsWrong() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("none/a")
        let message = failure { try AtomicFile.write("x", to: path) }
        #expect(message?.kind == .inputOutput)
        #expect(message?.description.hasSuffix("cannot create: No such file or directory") == true)
        #expect(failure { try AtomicFile.write("x", to: directory.path) }?.kind == .inputOutput)
        #expect(failure { try AtomicFile.write("x", to: "") }?.kind == .inputOutput)
        // Renaming over a device would replace the device itself.
        #expect(
            failure { try AtomicFile.write("x", to: "/dev/null") }
                == Failure(.inputOutput, "/dev/null: cannot replace: it is not a regular file"))
    }

    @Test func atomicWriteFollowsLinks() throws {
        let directory = TemporaryDirectory()
        try createDirectory(directory.file("there"))
        try AtomicFile.write("old", to: directory.file("there/a"))
        #expect(symlink("there/a", directory.file("link")) == 0)
        try AtomicFile.write("new", to: directory.file("link"))
        #expect(try readPlainly(directory.file("there/a")) == Array("new".utf8))
    }

    @Test func leftoversAreRemoved() throws {
        let directory = TemporaryDirectory()
        for name in [".a.safetensors.tmp-12", ".b.tmp-7", "c.tmp-7", ".d.tmp-x", ".e"] {
            try writePlainly([1], to: directory.file(name))
        }
        #expect(try AtomicFile.removeTemporaries(in: directory.path) == 2)
        #expect(try directoryEntries(directory.path) == [".d.tmp-x", ".e", "c.tmp-7"])
    }

    @Test func fullFileSystemKeepsTheOldFile() throws {
        let directory = TemporaryDirectory()
        guard mount("tmpfs", directory.path, "tmpfs", 0, "size=64k") == 0 else {
            print("SKIPPED: fullFileSystemKeepsTheOldFile: mounting a tmpfs: \(errorText(errno))")
            return
        }
        defer { umount(directory.path) }
        let path = directory.file("a")
        try AtomicFile.write("old", to: path)
        let thrown = failure { try AtomicFile.write([UInt8](repeating: 1, count: 200_000), to: path) }
        #expect(thrown?.kind == .inputOutput)
        #expect(thrown?.description.hasSuffix("cannot write: No space left on device") == true)
        #expect(try directoryEntries(directory.path) == ["a"])
        #expect(try readPlainly(path) == Array("old".utf8))

        let lines = directory.file("lines")
        let file = try AppendFile(path: lines)
        try writePlainly([UInt8](repeating: 1, count: 30_000), to: path)
        #expect(failure { try file.append(line: String(repeating: "x", count: 100_000)) }?.kind == .inputOutput)
        #expect(failure { try file.append(line: String(repeating: "y", count: 100_000)) }?.kind == .inputOutput)
        unlink(path)
        try file.append(line: "two")
        let content = String(decoding: try readPlainly(lines), as: UTF8.self)
        #expect(content.hasPrefix("xxx") && content.hasSuffix("x\ntwo\n"))
    }

    @Test func appending() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("metrics.jsonl")
        try AppendFile(path: path).append(line: "one")
        let file = try AppendFile(path: path)
        try file.append(line: "two")
        try file.append(line: "three")
        #expect(try readPlainly(path) == Array("one\ntwo\nthree\n".utf8))
        try writePlainly(Array("one\nhal".utf8), to: path)
        try AppendFile(path: path).append(line: "two")
        #expect(try readPlainly(path) == Array("one\nhal\ntwo\n".utf8))
    }

    @Test func appendingToAFullDevice() throws {
        let file = try AppendFile(path: "/dev/full")
        #expect(
            failure { try file.append(line: "one") }
                == Failure(.inputOutput, "/dev/full: cannot write: No space left on device"))
        #expect(failure { _ = try AppendFile(path: "/nonexistent/a") }?.kind == .inputOutput)
    }

    @Test func directories() throws {
        let directory = TemporaryDirectory()
        try createDirectory(directory.file("a/b//c/"))
        try createDirectory(directory.file("a/b/c"))
        try writePlainly([1], to: directory.file("a/file"))
        #expect(try directoryEntries(directory.file("a")) == ["b", "file"])
        let thrown = failure { try createDirectory(directory.file("a/file/d")) }
        #expect(thrown?.kind == .inputOutput)
        #expect(thrown?.description.contains("a/file: cannot create the directory") == true)
        #expect(failure { _ = try directoryEntries(directory.file("none")) }?.kind == .inputOutput)
    }
}
