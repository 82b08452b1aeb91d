import Configuration
import Failures
import Glibc
import TestSupport
import Testing

@Suite struct FileTests {
    /// Calls `body` with the path of a file of `bytes`, which is gone afterwards.
    private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let folder = TemporaryDirectory(), path = folder.file("configuration.yaml")
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        let written = write(descriptor, bytes, bytes.count)
        close(descriptor)
        try #require(written == bytes.count)
        try withExtendedLifetime(folder) { try body(path) }
    }

    @Test func aFileIsRead() throws {
        try withFile(Array(sampleText.utf8)) { path in
            let sample = try Configuration.read(Sample.self, file: path, overrides: ["train.epochs=8"])
            #expect(sample.train.epochs == 8 && sample.train.batch == 96)
        }
    }

    @Test func mistakesNameTheFile() throws {
        try withFile(Array("seed: 1\nseeds: 2\n".utf8)) { path in
            let message =
                "\(path):2: unknown key \"seeds\" at the top level; "
                + "known keys: task, seed, name, limit, model, alignment, train; did you mean \"seed\"?"
            #expect(throws: Failure(.badInput, message)) { try Configuration.read(Sample.self, file: path) }
        }
    }

    @Test func filesThatAreNoTextAreRefused() throws {
        try withFile([0x61, 0x3A, 0xFF, 0x0A]) { path in
            let message =
                "\(path):1: byte 0xff is not of a text in UTF-8, expected UTF-8; "
                + "if it is Latin-1, iconv -f latin1 -t utf8 converts it"
            #expect(throws: Failure(.badInput, message)) {
                try Configuration.read(Sample.self, file: path)
            }
        }
        try withFile([]) { path in
            #expect(throws: Failure.self) { try Configuration.read(Sample.self, file: path) }
        }
    }

    @Test func endlessFilesAreRefused() {
        #expect(throws: Failure(.badInput, "/dev/zero: is not a regular file, expected a file")) {
            try Configuration.read(Sample.self, file: "/dev/zero")
        }
    }

    @Test func unreadableFilesAreNamed() {
        #expect(throws: Failure(.badInput, "/no/such.yaml: no such file")) {
            try Configuration.read(Sample.self, file: "/no/such.yaml")
        }
        #expect(throws: Failure(.badInput, "/tmp: is a directory, expected a file")) {
            try Configuration.read(Sample.self, file: "/tmp")
        }
    }

    @Test func whatEditorsWriteIsRead() throws {
        let text = "seed: 7\ntrain: {epochs: 8}\n"
        let units = Array(text.utf16)
        let written: [[UInt8]] = [
            [0xef, 0xbb, 0xbf] + Array(text.utf8), Array(text.replacing("\n", with: "\r\n").utf8),
            Array(text.replacing("\n", with: "\r").utf8),
            [0xff, 0xfe] + units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] },
            [0xfe, 0xff] + units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] },
        ]
        for bytes in written {
            try withFile(bytes) { path in
                let sample = try Configuration.read(Sample.self, file: path)
                #expect(sample.seed == 7 && sample.train.epochs == 8)
            }
        }
    }

    @Test func aFileThatIsEvidentlySomethingElseIsNamed() throws {
        try withFile([0x80, 2] + Array("}q.".utf8)) { path in
            let thrown = #expect(throws: Failure.self) { try Configuration.read(Sample.self, file: path) }
            #expect(thrown?.description.hasPrefix("\(path): is a Python pickle, expected a configuration") == true)
        }
    }
}
