import Configuration
import Failures
import Glibc
import Testing

@Suite struct FileTests {
    /// Calls `body` with the path of a file of `bytes`, which is gone afterwards.
    private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        var name = Array("/tmp/configuration-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        try #require(descriptor >= 0)
        let path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(path) }
        let written = write(descriptor, bytes, bytes.count)
        close(descriptor)
        try #require(written == bytes.count)
        try body(path)
    }

    @Test func aFileIsRead() throws {
        try withFile(Array(sampleText.utf8)) { path in
            let sample = try Configuration.read(Sample.self, file: path, overrides: ["train.epochs=8"])
            #expect(sample.train.epochs == 8 && sample.train.batch == 96)
        }
    }

    @Test func mistakesNameTheFile() throws {
        try withFile(Array("seed: 1\nseeds: 2\n".utf8)) { path in
            let message = "\(path):2: unknown key \"seeds\" at the top level; "
                + "known keys: task, seed, name, limit, model, alignment, train; did you mean \"seed\"?"
            #expect(throws: Failure(.badInput, message)) { try Configuration.read(Sample.self, file: path) }
        }
    }

    @Test func filesThatAreNoTextAreRefused() throws {
        try withFile([0x61, 0x3A, 0xFF, 0x0A]) { path in
            #expect(throws: Failure(.badInput, "\(path): not a text in UTF-8")) {
                try Configuration.read(Sample.self, file: path)
            }
        }
        try withFile([]) { path in
            #expect(throws: Failure.self) { try Configuration.read(Sample.self, file: path) }
        }
    }

    @Test func endlessFilesAreRefused() {
        let message = "/dev/zero:1: larger than 1048576 bytes, the most that a configuration may have"
        #expect(throws: Failure(.badInput, message)) {
            try Configuration.read(Sample.self, file: "/dev/zero")
        }
    }

    @Test func unreadableFilesAreNamed() {
        #expect(throws: Failure(.badInput, "/no/such.yaml: no such file")) {
            try Configuration.read(Sample.self, file: "/no/such.yaml")
        }
        #expect(throws: Failure(.inputOutput, "/tmp: cannot read: Is a directory")) {
            try Configuration.read(Sample.self, file: "/tmp")
        }
    }
}
