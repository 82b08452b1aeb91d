import Failures
import Formats

/// A picture that a run's `pictures/pictures.json` names.
struct PictureFile: Sendable {
    let file: String
    let title: String
    let caption: String
    /// What tells it from pictures of the same title of the same run, such as `L1 12`; nil for nothing.
    let part: String?
    /// In pixels.
    let width: Int
    let height: Int
    let png: [UInt8]

    static let largestFile = 32 << 20
    static let mostPictures = 64

    /// All pictures of the directory, in the order of its `pictures.json`.
    ///
    /// Throws `Failure.badInput` for a file name that leads out of the directory or comes twice, for a file that is no
    /// PNG, for more than `mostPictures` entries, and where they have more than `largestFile` bytes together.
    static func all(directory: String, of part: String? = nil) throws -> [PictureFile] {
        let list = "\(directory)/pictures.json"
        let value = try FileContents.json(list)
        var names: Set<String> = [], bytes = 0
        return try JSONFields.objects(value, place: list, limit: mostPictures).map { entry in
            let name = try entry.requiredString("file")
            guard !name.isEmpty, !name.contains("/"), !name.hasPrefix("."), !name.utf8.contains(0) else {
                throw entry.wrong("file", expected: "the name of a file in the same directory")
            }
            guard names.insert(name).inserted else {
                throw Failure.badInput(entry.place, "file \(name.quoted) stands here before")
            }
            let picture = try PictureFile(
                directory: directory, file: name, title: try entry.string("title") ?? name,
                caption: try entry.string("caption") ?? "", part: part)
            bytes += picture.png.count
            guard bytes <= largestFile else {
                throw Failure.badInput(
                    list, "names pictures of \(bytes) bytes and more", expected: "at most \(largestFile)")
            }
            return picture
        }
    }

    private init(directory: String, file: String, title: String, caption: String, part: String?) throws {
        let path = "\(directory)/\(file)"
        png = try FileContents.read(path, limit: Self.largestFile)
        // Signature, then the header chunk with width and height (ISO/IEC 15948, 5.2 and 11.2.2).
        let start: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13] + Array("IHDR".utf8)
        guard png.count > 33, png.prefix(16).elementsEqual(start) else {
            let other = png.withUnsafeBytes { FileFormat.refusal(path, $0, expected: [.png], words: "a PNG picture") }
            throw other ?? Failure.badInput(path, "not a PNG file")
        }
        let bytes = png
        func integer(at offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        width = integer(at: 16)
        height = integer(at: 20)
        guard (1...16_384).contains(width), (1...16_384).contains(height) else {
            throw Failure.badInput(path, "\(width) x \(height) pixels", expected: "1 to 16384 each way")
        }
        self.file = file
        self.title = title
        self.caption = caption
        self.part = part
    }
}
