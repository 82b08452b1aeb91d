import Failures
import Formats
import TestSupport
import Testing

/// What files are called by their first bytes. The bytes are what the programs of these formats wrote.
struct FileFormatTests {
    static let samples: [(FileFormat, [UInt8])] = [
        (.empty, []),
        (.zeros, [UInt8](repeating: 0, count: 5000)),
        (.safetensors, [2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8)),
        (.pytorch, Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 26) + Array("archive/data.pkl".utf8)),
        (.npz, Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 22) + [5, 0, 0, 0] + Array("x.npy".utf8)),
        (.zip, Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 22) + [5, 0, 0, 0] + Array("x.txt".utf8)),
        // pickle.dumps({"a": 1}, 2) and torch.save(..., _use_new_zipfile_serialization=False)
        (.pickle, [0x80, 2] + Array("}q\0X\u{1}\0\0\0aq\u{1}K\u{1}s.".utf8)),
        (.pickle, Array("(dp0\nVa\np1\nI1\ns.".utf8)),
        (.legacyPyTorch, [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]),
        (.cifarPython, [0x80, 2] + Array("}q\u{1}(U\u{b}batch_labelq\u{2}".utf8)),
        (.npy, [0x93] + Array("NUMPY\u{1}\0".utf8)),
        (.hdf5, [0x89] + Array("HDF\r\n\u{1a}\n".utf8)),
        (.onnx, [8, 8, 0x12, 7] + Array("pytorch".utf8) + [0x1a, 5]),
        (.matlab, Array("MATLAB 5.0 MAT-file, Platform: GLNXA64".utf8)),
        (.parquet, Array("PAR1".utf8) + [0x15, 4]),
        (.idx, [0, 0, 8, 1, 0, 0, 0, 2, 7, 1]),
        (.tfRecord, TFRecord.frame([1, 2, 3])),
        (.sqlite, Array("SQLite format 3\0".utf8)),
        (.tar, [UInt8](repeating: 97, count: 257) + Array("ustar\0".utf8)),
        (.gzip, Gzip.deflate([1, 2, 3])),
        (.xz, [0xfd] + Array("7zXZ\0".utf8)), (.zstd, [0x28, 0xb5, 0x2f, 0xfd, 4]),
        (.bzip2, Array("BZh91AY&SY".utf8)),
        (.png, RasterImage(width: 1, height: 1, channels: 1, pixels: [0]).png()),
        (.jpeg, [0xff, 0xd8, 0xff, 0xe0, 0, 16]), (.gif, Array("GIF89a".utf8)),
        (.webp, Array("RIFF".utf8) + [1, 2, 3, 0] + Array("WEBPVP8 ".utf8)),
        (.bmp, Array("BM".utf8) + [10, 0, 0, 0, 0, 0, 0, 0]),
        (.pdf, Array("%PDF-1.7".utf8)),
        (.lfsPointer, Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n".utf8)),
        (.annexPointer, Array("/annex/objects/SHA256E-s3--00.pt\n".utf8)),
        (.webPage, Array("\n<!DOCTYPE HTML>\n<html>".utf8)), (.webPage, Array("<html lang=\"en\">".utf8)),
        (.xml, Array("<?xml version=\"1.0\"?><Error/>".utf8)),
        (.json, Array(" {\"a\": 1}".utf8)),
        (.yaml, Array("# A comment.\nseed: 1\n".utf8)), (.yaml, [0xef, 0xbb, 0xbf] + Array("seed: 1\r\n".utf8)),
        (.text, Array("Just words: and a colon".utf8)), (.text, Array("Caf".utf8) + [0xe9]),
        (.script, Array("#!/bin/sh\n".utf8)),
        (.utf16, [0xff, 0xfe, 97, 0]), (.utf16, [0xfe, 0xff, 0, 97]), (.utf32, [0xff, 0xfe, 0, 0, 97, 0, 0, 0]),
        (.program, [0x7f] + Array("ELF".utf8)),
    ]

    @Test(arguments: samples) func format(expected: FileFormat, bytes: [UInt8]) {
        #expect(bytes.withUnsafeBytes { FileFormat.evident(in: $0) } == expected)
    }

    @Test func bytesThatTellNothing() {
        for bytes: [UInt8] in [[1], [0xff, 1, 2, 3, 0x80, 0x90], [3] + (0..<200).map { UInt8($0) }] {
            #expect(bytes.withUnsafeBytes { FileFormat.evident(in: $0) } == nil)
        }
    }

    @Test func everyPrefixOfEverySampleIsRead() {
        for (_, bytes) in Self.samples {
            for count in 0...bytes.count { _ = bytes.prefix(count).withUnsafeBytes { FileFormat.evident(in: $0) } }
        }
    }

    @Test func aReaderThatRefusesSaysWhatTheFileIs() throws {
        let folder = TemporaryDirectory()
        let path = folder.file("weights.pt")
        try AtomicFile.write([0x80, 2, 0x7d, 0x2e], to: path)
        let thrown = failure { _ = try SafetensorsFile(path: path) }
        #expect(thrown?.kind == .badInput)
        #expect(thrown?.description.hasPrefix("\(path): is a Python pickle, expected safetensors; in Python,") == true)
    }
}
