import Failures
import Formats
import TestSupport
import Testing

@Suite struct TensorBoardTests {
    /// The data of each record, after its two checks.
    private func records(_ path: String) throws -> [[UInt8]] {
        let file = try readPlainly(path)
        let word = { (place: Int) in (0..<4).reduce(UInt32(0)) { $0 | UInt32(file[place + $1]) << UInt32(8 * $1) } }
        let mask = { (crc: UInt32) in (crc >> 15 | crc << 17) &+ 0xa282_ead8 }
        var records: [[UInt8]] = []
        var position = 0
        while position < file.count {
            let length = Int(word(position))
            try #require(word(position + 4) == 0)
            #expect(word(position + 8) == mask(CRC32C.value(of: Array(file[position..<position + 8]))))
            let data = Array(file[position + 12..<position + 12 + length])
            #expect(word(position + 12 + length) == mask(CRC32C.value(of: data)))
            records.append(data)
            position += 16 + length
        }
        return records
    }

    /// The last record without its wall time.
    private func lastBody(_ path: String) throws -> [UInt8] {
        try records(path).last.map { Array($0.dropFirst(9)) } ?? []
    }

    private func path(in directory: String, _ index: Int = 0) throws -> String {
        "\(directory)/\(try directoryEntries(directory)[index])"
    }

    @Test func events() throws {
        let directory = TemporaryDirectory()
        let image = RasterImage(width: 1, height: 2, channels: 1, pixels: [0, 255])
        let writer = try TensorBoardWriter(directory: directory.file("tensorboard"))
        try writer.scalar("loss", 1.5, step: 300, wallTime: 2)
        try writer.image("x", image, step: 1, wallTime: 2)
        try writer.flush()
        let records = try records(path(in: directory.file("tensorboard")))
        try #require(records.count == 3)
        let wallTime: [UInt8] = [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40]
        // file_version = 3
        #expect(Array(records[0].dropFirst(9)) == [0x1a, 13] + Array("brain.Event:2".utf8))
        // step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } }
        let value: [UInt8] = [0x0a, 4] + Array("loss".utf8) + [0x15, 0, 0, 0xc0, 0x3f]
        #expect(records[1] == wallTime + [0x10, 0xac, 0x02, 0x2a, 13, 0x0a, 11] + value)
        // image = 4 { height = 1, width = 2, colourspace = 3, encoded_image_string = 4 }
        let png = image.png()
        try #require(png.count < 110)
        let message: [UInt8] = [0x08, 2, 0x10, 1, 0x18, 1, 0x22, UInt8(png.count)] + png
        let imageValue: [UInt8] = [0x0a, 1, 0x78, 0x22, UInt8(message.count)] + message
        #expect(
            records[2]
                == wallTime + [0x10, 1, 0x2a, UInt8(imageValue.count + 2), 0x0a, UInt8(imageValue.count)] + imageValue)
    }

    @Test func resuming() throws {
        let directory = TemporaryDirectory()
        // A clock that was far ahead.
        let earlier = directory.file("events.out.tfevents.7000000000.host.1")
        try writePlainly([], to: earlier)
        _ = try TensorBoardWriter(directory: directory.path, resumeStep: 5)
        _ = try TensorBoardWriter(directory: directory.path, resumeStep: 6)
        let names = try directoryEntries(directory.path)
        try #require(names.count == 3)
        #expect(names[0].contains(".7000000000.") && names[1].contains(".7000000001."))
        #expect(names[2].contains(".7000000002."))
        // step = 2, session_log = 7 { status = 1: START }
        #expect(try lastBody(path(in: directory.path, 1)) == [0x10, 5, 0x3a, 2, 0x08, 1])
        #expect(try lastBody(path(in: directory.path, 2)) == [0x10, 6, 0x3a, 2, 0x08, 1])
    }

    @Test func nothingIsLostWithoutFlush() throws {
        let directory = TemporaryDirectory()
        do {
            let writer = try TensorBoardWriter(directory: directory.path)
            for step in 0..<5_000 { try writer.scalar("loss", 0, step: step, wallTime: 0) }
        }
        #expect(try records(path(in: directory.path)).count == 5_001)
    }

    @Test func directoryThatCannotBe() {
        #expect(failure { _ = try TensorBoardWriter(directory: "/dev/null/x") }?.kind == .inputOutput)
    }
}
