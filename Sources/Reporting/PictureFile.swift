import Failures
import Formats

/// A picture that a run's `pictures/pictures.json` names.
struct PictureFile: Sendable {
    let file: String
    let title: String
    let caption: String
    /// In pixels.
    let width: Int
    let height: Int
    let png: [UInt8]

    static let largestFile = 32 << 20
    static let mostPictures = 64

    /// All pictures of the directory, in the order of its `pictures.json`.
    ///
    /// Throws `Failure.badInput` for a file name that leads out of the directory, for a file that is no PNG or is
    /// larger than `largestFile` bytes, and for more than `mostPictures` entries.
    static func all(directory: String) throws -> [PictureFile] {
        let list = "\(directory)/pictures.json"
        let file = try MappedFile(path: list)
        let value = try JSONValue.parse(file.bytes, source: list)
        return try JSONFields.objects(value, place: list, limit: mostPictures).map { entry in
            let name = try entry.requiredString("file")
            guard !name.isEmpty, !name.contains("/"), !name.hasPrefix("."), !name.utf8.contains(0) else {
                throw entry.wrong("file", expected: "the name of a file in the same directory")
            }
            return try PictureFile(
                directory: directory, file: name, title: try entry.string("title") ?? name,
                caption: try entry.string("caption") ?? "")
        }
    }

    private init(directory: String, file: String, title: String, caption: String) throws {
        let path = "\(directory)/\(file)"
        let mapped = try MappedFile(path: path)
        guard mapped.bytes.count <= Self.largestFile else {
            throw Failure.badInput(path, "\(mapped.bytes.count) bytes", expected: "at most \(Self.largestFile)")
        }
        // Signature, then the header chunk with width and height (ISO/IEC 15948, 5.2 and 11.2.2).
        let start: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13] + Array("IHDR".utf8)
        guard mapped.bytes.count > 33, mapped.bytes.prefix(16).elementsEqual(start) else {
            throw Failure.badInput(path, "not a PNG file")
        }
        func integer(at offset: Int) -> Int { mapped.bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        width = integer(at: 16)
        height = integer(at: 20)
        guard (1...16_384).contains(width), (1...16_384).contains(height) else {
            throw Failure.badInput(path, "\(width) x \(height) pixels", expected: "1 to 16384 each way")
        }
        self.file = file
        self.title = title
        self.caption = caption
        png = Array(mapped.bytes)
    }
}
