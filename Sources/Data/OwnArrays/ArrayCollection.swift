import Failures
import Formats

/// Arrays by name: the members of an .npz file, the tensors of a safetensors file, or the .npy files of a folder.
protocol ArrayCollection {
    var path: String { get }
    var names: [String] { get }
    /// Class names that the file gives, in the order of the labels.
    func classNames() throws -> [String]?
    /// Throws `Failure.badInput` for what is damaged or not an array of numbers.
    func array(_ name: String) throws -> NumericArray
}

extension ArrayCollection {
    func classNames() throws -> [String]? { nil }
    func place(_ name: String) -> String { "\(path): \(name)" }
}

struct NumPyArchive: ArrayCollection {
    let path: String
    private let archive: ZipArchive
    private static let ending = ".npy"

    init(_ path: String) throws {
        self.path = path
        archive = try ZipArchive(path: path)
    }

    var names: [String] {
        archive.members.map { $0.name.hasSuffix(Self.ending) ? String($0.name.dropLast(Self.ending.count)) : $0.name }
    }

    /// Stored members stay in the file, which is mapped and so in memory once a machine.
    func array(_ name: String) throws -> NumericArray {
        guard let member = archive.member(name + Self.ending) ?? archive.member(name) else {
            throw Failure.badInput(path, "no array \(name.debugDescription)")
        }
        if member.isStored {
            let range = try archive.range(ofStored: member)
            let array = try NumPyArray(UnsafeRawBufferPointer(rebasing: archive.file.bytes[range]), source: place(name))
            return NumericArray(
                place: place(name), elementType: array.elementType, shape: array.shape, bytes: .mapped(archive.file),
                offset: range.lowerBound + array.dataOffset)
        }
        let contents = try archive.contents(of: member, limit: DecodedLimit.bytes)
        let array = try contents.withUnsafeBytes { try NumPyArray($0, source: place(name)) }
        return NumericArray(
            place: place(name), elementType: array.elementType, shape: array.shape, bytes: .memory(contents),
            offset: array.dataOffset)
    }
}

struct NumPyFolder: ArrayCollection {
    let path: String
    let names: [String]
    private static let ending = ".npy"

    init(_ path: String) throws {
        self.path = path
        try DataFile.requireDirectory(path, of: "the .npy files")
        names = try FolderListing(path).files.filter { $0.hasSuffix(Self.ending) }.map {
            String($0.dropLast(Self.ending.count))
        }
    }

    func array(_ name: String) throws -> NumericArray {
        let place = "\(path)/\(name)\(Self.ending)", file = try DataFile.map(place, "a NumPy array")
        let array = try NumPyArray(file.bytes, source: place)
        return NumericArray(
            place: place, elementType: array.elementType, shape: array.shape, bytes: .mapped(file),
            offset: array.dataOffset)
    }
}

struct SafetensorsArrays: ArrayCollection {
    private let file: SafetensorsFile
    var path: String { file.path }

    init(_ path: String) throws { file = try SafetensorsFile(path: path) }

    var names: [String] { file.entries.map(\.name) }

    private func isOneLine(_ name: String) -> Bool {
        !name.isEmpty && !name.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }
    }

    /// The metadata's `classes`, a JSON list of texts.
    func classNames() throws -> [String]? {
        guard let text = file.metadata["classes"] else { return nil }
        let list = try JSONValue.parse(text, source: "\(path): metadata classes").arrayValue
        let names = list?.compactMap(\.stringValue)
        guard let names, names.count == list?.count, names.allSatisfy(isOneLine) else {
            throw Failure.badInput(path, "metadata classes", expected: "a JSON list of the classes' names")
        }
        return names
    }

    func array(_ name: String) throws -> NumericArray {
        let entry = try file.entry(name, shape: nil)
        return NumericArray(
            place: place(name), elementType: entry.elementType, shape: entry.shape, bytes: .mapped(file.file),
            offset: file.offset(of: entry))
    }
}
